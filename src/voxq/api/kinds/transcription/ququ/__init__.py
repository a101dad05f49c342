"""Recordings as QuQu's clients have them transcribed: `/api/asr/transcribe` and
`/api/asr/transcribe-and-optimize`."""
