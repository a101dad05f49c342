"""OpenAI's audio API: an existing client changes only its base URL. Requests use the same queue as all
others."""
