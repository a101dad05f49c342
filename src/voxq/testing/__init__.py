"""Tools for tests of VoxQ itself and of packages that extend it."""
