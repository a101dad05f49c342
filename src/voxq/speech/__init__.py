"""Pure code about sound and text: no Redis, no HTTP, no engine."""
