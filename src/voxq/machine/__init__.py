"""What this machine has: processors, GPUs, memory."""
