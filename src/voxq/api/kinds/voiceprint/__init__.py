"""Routes of voiceprints."""
