"""OpenAI's audio API: an existing client changes its base URL only. Everything rides the same queue."""
