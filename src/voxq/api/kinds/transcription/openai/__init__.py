"""Transcriptions and translations as OpenAI's API has them."""
