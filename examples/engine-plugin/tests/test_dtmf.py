from __future__ import annotations

import numpy as np
import voxq_dtmf

from voxq.engines.contract import SAMPLE_RATE, AudioItem, Recognised, Samples
from voxq.testing.engines import check_engine


def pressed(keys: str) -> Samples:
    """Each key for 100 ms, with as much silence around it."""
    times = np.arange(SAMPLE_RATE // 10) / SAMPLE_RATE
    silence = np.zeros_like(times)
    sounds = [silence]
    for key in keys:
        row = next(row for row, names in enumerate(voxq_dtmf.KEYS) if key in names)
        column = voxq_dtmf.KEYS[row].index(key)
        tones = (voxq_dtmf.LOW[row], voxq_dtmf.HIGH[column])
        sounds += [sum(0.3 * np.sin(2 * np.pi * tone * times) for tone in tones), silence]
    return np.concatenate(sounds).astype(np.float32)


def test_it_conforms() -> None:
    check_engine(voxq_dtmf.FAMILY, clips=[pressed("0123456789"), pressed("*#")])


def test_keys_are_distinguished() -> None:
    (answer,) = voxq_dtmf.Dtmf().run([AudioItem(pressed("*0123456789#ABCD"), {"words": True})])
    assert isinstance(answer, Recognised)
    assert answer.segments[0].text == "*0123456789#ABCD"
    assert [word.text for word in answer.segments[0].words] == list("*0123456789#ABCD")
