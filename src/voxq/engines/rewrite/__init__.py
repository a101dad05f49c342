"""Engines that rewrite texts: by a language model of the operator's, or by rules alone."""
