"""Routes of whisper-asr-webservice, which Bazarr and other clients know: `/asr` and `/detect-language`."""
