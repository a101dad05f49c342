"""Servers of language models that the operator named: who they are, and how they are asked."""
