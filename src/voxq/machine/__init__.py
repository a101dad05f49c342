"""Hardware of this machine: processors, GPUs, memory."""
