"""Languages of what people read: the command line and the error messages of the API.

Code writes a `Message` in English, which goes everywhere as the English text that it is: into logs, JSON and
Redis. Where it meets a person, and only there, it is `translated`; English text that was stored or
came from another process is `recognised` by its form. The texts are in `zh/LC_MESSAGES/voxq.po`,
which `scripts/messages` keeps in step with the code.
"""

from voxq.locale.catalogue import recognised, translated
from voxq.locale.forms import Forms
from voxq.locale.languages import ENGLISH, LANGUAGES, from_accept_language, from_environment
from voxq.locale.message import Message, about

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "Forms",
    "Message",
    "about",
    "from_accept_language",
    "from_environment",
    "recognised",
    "translated",
]
