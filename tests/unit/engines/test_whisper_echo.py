"""Distinction of an echoed prompt from real speech with the words of the prompt."""

from __future__ import annotations

import pytest

from voxq.engines.recognise.whisper_echo import confirms, repeats_prompt

STYLE = "以下是普通话的句子。"
NAMES = "Catharine, Jeff, Leicester."


@pytest.mark.parametrize(
    ("passages", "prompt", "plain"),
    [
        (["以下是普通话的句子。"], STYLE, ""),
        (["以下是普通话的句子"], STYLE, "请把会议记录发给我"),
        (["这次是普通话的句子。"], STYLE, "Thank you."),
        (["普通话的句子"], STYLE, "这些人都不认识"),
        (["这些人都不认为这些人是普通话的句子。"], STYLE, "这些人都不想要。"),
        (["以下是普通话的句子。"] * 3, STYLE, "你"),
        (["以下是普通话的句子,以下是普通话的句子,"] * 4, STYLE, "以下是普通话的句子"),
        (
            ["以下是普通话的句子。", "今天天气很好,我们一起去公园散步吧。"],
            STYLE,
            "今天天气很好我们一起去公园散步吧",
        ),
        (["今天天气很好，以下是普通话的句子。"], STYLE, "今天天气很好"),
        ([" Catharine, Jeff, Leicester."], NAMES, ""),
        ([" catharine leicester"], NAMES, "you"),
        ([" Leicester, Leicester, Leicester."], NAMES, "I'm not sure if I can do it."),
        ([" Jeff."], NAMES, " you"),
        ([" Catharine, Jeff."], NAMES, "Please bring the blue folder to the meeting."),
        (["达摩院,语音识别。"], STYLE + "达摩院, 语音识别.", "我会帮你做的。"),
    ],
)
def test_an_echo_of_the_prompt_is_not_a_result(passages: list[str], prompt: str, plain: str) -> None:
    assert repeats_prompt(passages, prompt)
    assert not confirms(plain, passages, prompt)


@pytest.mark.parametrize(
    ("passages", "prompt", "plain"),
    [
        (["以下是普通话的句子。"], STYLE, "以下是普通話的句子"),
        (["他说以下是普通话的句子。"], STYLE, "他說以下是普通话的句子"),
        ([" Jon Smyth."], "Jon Smyth.", " John Smith."),
        ([" Catharine and Jeff live in Leicester."], NAMES, "Katherine and Geoff live in Leicester."),
        ([" Stop.", " Stop."], "Stop.", "Stop. Stop."),
        (["达摩院"], STYLE + "达摩院.", "达摩远。"),
    ],
)
def test_text_also_recognised_without_the_prompt_is_kept(
    passages: list[str], prompt: str, plain: str
) -> None:
    assert confirms(plain, passages, prompt)


@pytest.mark.parametrize(
    ("passages", "prompt"),
    [
        ([], STYLE),
        (["。"], STYLE),
        (["今天天气很好，我们一起去公园散步吧。"], STYLE),
        (["我们明天用普通话开会。"], STYLE),
        ([" Please call Jon Smyth about the contract."], "Jon Smyth."),
        ([" Is Catharine going to see Jeff tomorrow morning?"], NAMES),
        (["请联系达摩院的同事，把报告发给他们。"], STYLE + "达摩院."),
    ],
)
def test_a_sentence_with_a_word_of_the_prompt_is_not_decoded_twice(passages: list[str], prompt: str) -> None:
    assert not repeats_prompt(passages, prompt)
