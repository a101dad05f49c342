"""Languages of what people read: the command line and the error messages of the API.

Code writes a `Message` in English, which goes everywhere as the English text that it is: into logs, JSON and
Redis. Where it meets a person, and only there, it is `translated`. The texts are in `zh/LC_MESSAGES/voxq.po`,
which `scripts/messages` keeps in step with the code.
"""

from voxq.locale.catalogue import translated
from voxq.locale.languages import ENGLISH, LANGUAGES, from_accept_language, from_environment
from voxq.locale.message import Message, about

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "Message",
    "about",
    "from_accept_language",
    "from_environment",
    "translated",
]
