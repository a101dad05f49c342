"""What a model is asked: the files beside this one, one per mode and language.

The rules are the operator's and stand in the system message. The transcript, and the wish of a client in
`custom` mode, are data: each stands in a block of the user's message whose marker occurs nowhere in it, so
that no text can close its block.
"""

from voxq.rewriting.prompts.asking import Message, merging, messages
from voxq.rewriting.prompts.languages import TARGETS

__all__ = ["TARGETS", "Message", "merging", "messages"]
