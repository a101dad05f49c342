"""Speech as OpenAI's API has it."""
