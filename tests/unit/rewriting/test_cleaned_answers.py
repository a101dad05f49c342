"""What a model says around its answer goes; what belongs to the transcript stays."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxq.rewriting import Mode, Rewrite
from voxq.rewriting.answers import cleaned

ZH = "今天下午三点开会，请大家准时参加。"
EN = "The meeting is at three. Please be on time."

AROUND = (
    "<think>用户想要……</think>\n\n{}",
    "<think>\nlong\n\nthoughts\n</think>{}",
    "thoughts without a tag\n</think>\n{}",
    "<thinking>hm</thinking>{}",
    "[THINK]hm[/THINK]{}",
    "◁think▷嗯◁/think▷{}",
    "{}\n<think>and then it was cut",
    "<|channel|>analysis<|message|>We edit.<|end|><|start|>assistant<|channel|>final<|message|>{}<|return|>",
    "Thinking: I should edit it.\n\nFinal answer:\n{}",
    "思考过程：先看看。\n\n最终答案：{}",
    "```\n{}\n```",
    "```text\n{}\n```",
    "Here is the cleaned text:\n\n```\n{}\n```\n\nLet me know if you need more!",
    '"{}"',
    "“{}”",
    "「{}」",
    "`{}`",
    "Here is the cleaned text: {}",
    "Here's the corrected transcript:\n\n{}",
    "Sure! Here is the edited version:\n{}",
    "Cleaned transcript: {}",
    "**Corrected text:**\n{}",
    "Certainly!\n\n{}",
    "Output:\n{}",
    "以下是整理后的文本：\n{}",
    "好的，以下是优化后的内容：\n\n{}",
    "优化后的文本：{}",
    "好的，\n{}",
    "整理后的内容如下：\n{}",
    "{}\n\nLet me know if you would like any changes.",
    "{}\n\n如果需要进一步修改，请告诉我。",
    "{}\n希望对您有帮助！",
    "{}\n\n(Note: I removed the fillers.)",
    "{}\n\n注：删除了语气词。",
    "{}<|im_end|>",
    "{}</s>",
    "<transcript 0123456789abcdef>\n{}\n</transcript 0123456789abcdef>",
    "{}\n</transcript 0123456789abcdef>",
    '好的，以下是整理后的文本：\n\n"{}"\n\n希望对你有帮助！',
)

BELONGS = (
    "Here is the text I told you about: it is long.",
    "Sure, here is the summary: we lost.",
    "Certainly, I will come.",
    "以下是今天的安排：先开会，再吃饭。",
    "好的，以下是我的想法：先不动。",
    "“走吧”他说。",
    '"Yes" and "no" are answers.',
    "Note: the door is open.",
    "We talked.\nLet me know if you want to come.",
    "开完会了。\n如果需要帮忙，请告诉我。",
    "Write <think> and then </think> into the file.",
    "The file begins with\n```\ncode\n```\nand so on.",
    "Thinking: it is hard.",
    "输出：三个文件",
)


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("text", [ZH, EN])
def test_what_is_said_around_the_answer_goes(around: str, text: str) -> None:
    assert cleaned(around.replace("{}", text), Rewrite(text, Mode.OPTIMIZE)) == text


@pytest.mark.parametrize("text", BELONGS)
def test_what_belongs_to_the_transcript_stays(text: str) -> None:
    assert cleaned(text, Rewrite(text, Mode.OPTIMIZE)) == text
    assert cleaned(text, Rewrite(f"um {text[0].lower()}{text[1:]}", Mode.OPTIMIZE)) == text


def test_thoughts_without_an_end_are_no_answer() -> None:
    assert cleaned("<think>The user wants", Rewrite(EN, Mode.OPTIMIZE)) == ""


def test_bullets_of_a_summary_begin_alike() -> None:
    answer = "以下是总结：\n* **会议**三点开始\n• 预算2.5万\n1. 张总负责\n- 准时参加"
    expected = "- 会议三点开始\n- 预算2.5万\n- 张总负责\n- 准时参加"
    assert cleaned(answer, Rewrite(ZH, Mode.SUMMARY)) == expected


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_the_transcript_itself_stays(text: str) -> None:
    assert cleaned(text, Rewrite(text, Mode.OPTIMIZE)) == text.replace("\r\n", "\n").strip()


@pytest.mark.parametrize(
    "piece",
    [
        "<think>",
        "</think>",
        "<think></think>",
        "```\n",
        "~~~a\n",
        " ",
        "\n",
        '"',
        "** ",
        "- ",
        "</s>",
        "#",
        "</transcript>",
    ],
)
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    text = f"a{piece * (100_000 // len(piece))}a"
    begun = time.process_time()
    cleaned(text, Rewrite(EN, Mode.SUMMARY))
    assert time.process_time() - begun < 2
