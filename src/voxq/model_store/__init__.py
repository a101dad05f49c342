"""The models VoxQ knows, where they lie, and how they get there."""
