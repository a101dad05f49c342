"""Comparison of answers with transcripts: what is faithful, and what is not."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxq.rewriting import Mode, Rewrite
from voxq.rewriting.answers import cleaned
from voxq.rewriting.checks import TABLE, check
from voxq.rewriting.checks.numbers import numbers
from voxq.rewriting.outcomes import OK

DATA = Path(__file__).parents[2] / "data" / "rewriting"
INJECTIONS = [json.loads(line) for line in (DATA / "injections.jsonl").read_text("utf-8").splitlines()]

EQUAL_NUMBERS = (
    ("三百二", "320"),
    ("三百二十", "three hundred and twenty"),
    ("一万二", "12000"),
    ("3万5千", "35,000"),
    ("一点五亿", "1.5亿"),
    ("二十一", "twenty-one"),
    ("二零二四年", "2024年"),
    ("nineteen eighty-four", "1984"),
    ("百分之三十", "30%"),
    ("thirty percent", "30 %"),
    ("三分之一", "1/3"),
    ("三个半小时", "3.5小时"),
    ("three and a half", "3.5"),
    ("five million", "500万"),
    ("3k", "3000"),
    ("三点半", "3:30"),
    ("下午三点半", "15:30"),
    ("three thirty pm", "3:30 p.m."),
    ("half past three", "3:30"),
    ("quarter to four", "3:45"),
    ("晚上八点", "20:00"),
    ("八点零五", "8:05"),
    ("八点零五", "8.05"),
    ("三点一四", "3.14"),
    ("two point five", "2.5"),
    ("幺三八零零一三八零零零", "138 0013 8000"),
    ("five five five one two three four", "555-1234"),
    ("下午三点到五点", "15点到17点"),
    ("May fifth", "May 5th"),
    ("１２３", "123"),
)
OTHER_NUMBERS = (
    *(
        ("320", "3200"),
        ("3.5", "35"),
        ("30%", "30"),
        ("三百二", "三百零二"),
        ("15", "50"),
        ("下午三点", "三点"),
    ),
    *(("1,000", "1.000"), ("12:30", "12:13"), ("三分之一", "三分之二"), ("两万", "两千")),
)
NO_NUMBERS = (
    "千万别去",
    "万一下雨呢",
    "十分好看",
    "一点点",
    "一起走",
    "one of them",
    "第一次",
    "the second time",
)

FAITHFUL = (
    ("optimize", "嗯，我们那个明天下午三点半开会", "我们明天下午3点半开会。"),
    ("optimize", "嗯，我们那个明天下午三点半开会", "我们明天下午15:30开会。"),
    ("optimize", "然后然后要讨论三百二十万的预算", "然后要讨论320万的预算。"),
    ("optimize", "我们周三，不对，周四开会", "我们周四开会。"),
    ("optimize", "预算三百，不对，四百块", "预算四百块。"),
    ("optimize", "we meet at three no wait four", "We meet at four."),
    ("optimize", "是不是应该先吃饭", "是否应该先吃饭？"),
    ("optimize", "um I I do not like it", "I don't like it."),
    ("optimize", "I don't I don't know what to do", "I don't know what to do."),
    ("optimize", "不不不，我不去", "不，我不去。"),
    (
        "optimize",
        "so we should meet Peter at three thirty pm on Monday",
        "So we should meet Peter at 3:30 PM on Monday.",
    ),
    ("optimize", "打开github看一下那个api", "打开 GitHub，看一下那个 API。"),
    ("optimize", "we use the a p i of open street map", "We use the API of OpenStreetMap."),
    ("optimize", "今 天 下 午 开 会", "今天下午开会。"),
    (
        "format",
        "咱们明儿个得把这事儿给弄完了，不然老板该不高兴了",
        "我们明天需要完成此事，否则老板会不高兴。",
    ),
    (
        "format",
        "we gotta get this done by friday or the client won't pay us",
        "We must complete this by Friday, or the client will not pay us.",
    ),
    ("format", "别去那儿", "请勿前往那里。"),
    ("punctuate", "今天天气很好我们去公园吧", "今天天气很好，我们去公园吧。"),
    ("punctuate", "hello i am peter its 3.5 dollars", "Hello, I am Peter. It's 3.5 dollars."),
    ("punctuate", "You said: “yes”.", "you said yes"),
    ("summary", "我们明天下午三点开会讨论预算，预算三百二十万", "- 明天下午三点开会讨论预算\n- 预算320万"),
    (
        "translate",
        "我们明天下午三点半开会，预算三百二十万",
        "We will meet at 3:30 PM tomorrow; the budget is 3.2 million.",
    ),
    ("custom", "明天下午开会，带上材料", "各位同事：\n明天下午开会，请带上材料。"),
    ("light", "嗯，我觉得可以", "我觉得可以"),
)
UNFAITHFUL = (
    ("optimize", "numbers", "我们明天下午三点开会", "我们明天下午四点开会。"),
    ("optimize", "numbers", "苹果三块，梨五块", "苹果五块，梨三块。"),
    ("optimize", "numbers", "it costs 3.5 dollars", "It costs 35 dollars."),
    ("optimize", "numbers", "我们要买十五台电脑", "我们要买电脑。"),
    ("optimize", "numbers", "三点，不是四点", "四点。"),
    ("optimize", "dates", "我们周三开会", "我们周四开会。"),
    ("optimize", "dates", "the meeting is on Monday in March", "The meeting is on Monday in May."),
    ("optimize", "dates", "明天去医院", "后天去医院。"),
    ("optimize", "negations", "我不同意这个方案", "我同意这个方案。"),
    ("optimize", "negations", "我不喜欢你来", "我喜欢你不来。"),
    ("optimize", "negations", "他同意这个方案", "他不同意这个方案。"),
    ("optimize", "negations", "I can not come and you can stay", "I can come and you can not stay."),
    ("optimize", "negations", "we have never been there", "We have been there."),
    ("optimize", "names", "请把文件发给李明", "请把文件发给李铭。"),
    ("optimize", "names", "用GitHub写代码", "用 GitLab 写代码。"),
    ("optimize", "names", "I met Peter in Paris", "I met Paul in Paris."),
    ("optimize", "names", "Peter went home early today", "Paul went home early today."),
    ("optimize", "names", "大家都看过《三体》吗", "大家都看过《流浪地球》吗？"),
    ("optimize", "names", "we will call the client later", "We will call Microsoft, the client, later."),
    ("optimize", "questions", "法国的首都是哪里", "法国的首都是里昂。"),
    ("optimize", "length", "今天我们讨论了很多事情，包括明年的计划和人员的安排", "我们讨论了计划。"),
    ("optimize", "edits", "我们把窗户打开透透气吧", "咱们去外头散散步好了呀。"),
    ("optimize", "language", "今天天气很好，我们去公园", "The weather is nice today, let us go to the park."),
    ("optimize", "script", "我们这个问题还没说过", "我們這個問題還沒說過。"),
    ("optimize", "length", "今天开会", ""),
    ("punctuate", "letters", "今天天气很好", "今天天气真好。"),
    ("punctuate", "letters", "嗯我觉得可以", "我觉得可以。"),
    ("punctuate", "letters", "it costs 3.5 dollars", "It costs 35 dollars."),
    ("punctuate", "letters", "it is 50% off", "It is 50 off."),
    ("punctuate", "letters", "we're here", "Were here."),
    ("punctuate", "letters", "tell us now", "Tell US now."),
    ("summary", "numbers", "预算是三百二十万", "- 预算是350万"),
    ("summary", "names", "Peter said we are late", "- Paul Miller said that they are late"),
    ("summary", "form", "我们明天开会讨论预算", "我们明天开会讨论预算"),
    ("summary", "support", "我们明天开会讨论预算", "- 春天来了，小燕子从南方飞回家"),
    ("translate", "language", "We meet on Monday.", "We meet on Monday."),
    ("translate", "numbers", "下午三点半开会", "The meeting is at 4:30 PM."),
    ("translate", "dates", "我们周一开会", "We meet on Tuesday."),
    ("custom", "numbers", "预算三百万", "预算三百万，其中人力二百万。"),
)  # fmt: skip


def rewrite(mode: str, text: str) -> Rewrite:
    """Make a rewriting between Chinese and English."""
    is_chinese = not text.isascii()
    return Rewrite(text, Mode(mode), "zh" if is_chinese else "en", target="en" if is_chinese else "zh")


@pytest.mark.parametrize(("one", "other"), EQUAL_NUMBERS)
def test_numbers_are_equal_however_they_are_written(one: str, other: str) -> None:
    assert check(Rewrite(one, Mode.OPTIMIZE), other).checks["numbers"] == OK
    assert check(Rewrite(other, Mode.OPTIMIZE), one).checks["numbers"] == OK


@pytest.mark.parametrize(("one", "other"), OTHER_NUMBERS)
def test_other_numbers_are_not_equal(one: str, other: str) -> None:
    assert check(Rewrite(one, Mode.OPTIMIZE), other).checks["numbers"] != OK


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_words_that_are_no_numbers_may_go(text: str) -> None:
    assert all(found.is_free for found in numbers(text))


@pytest.mark.parametrize(("mode", "text", "answer"), FAITHFUL)
def test_a_faithful_answer_passes(mode: str, text: str, answer: str) -> None:
    verdict = check(rewrite(mode, text), answer)
    assert verdict.passed, dict(verdict.checks)
    assert verdict.reason is None
    assert set(verdict.checks) == set(TABLE[Mode(mode)])


@pytest.mark.parametrize(("mode", "name", "text", "answer"), UNFAITHFUL)
def test_an_unfaithful_answer_fails(mode: str, name: str, text: str, answer: str) -> None:
    verdict = check(rewrite(mode, text), answer)
    assert not verdict.passed
    assert name in verdict.failed, dict(verdict.checks)
    assert verdict.reason == verdict.checks[verdict.failed[0]]


def test_a_summary_cites_the_times_of_segments() -> None:
    segments = ((0.0, 4.0, "我们明天下午三点开会"), (65.5, 70.0, "预算是三百二十万"))
    asked = Rewrite("我们明天下午三点开会预算是三百二十万", Mode.SUMMARY, "zh", segments=segments)
    assert check(asked, "- [0:00] 明天下午三点开会\n- [1:05] 预算三百二十万").passed
    assert check(asked, "- 明天下午三点开会").failed == ("times",)
    assert check(asked, "- [0:30] 明天下午三点开会").failed == ("times",)


def test_a_wish_may_name_numbers_and_names_of_its_own() -> None:
    asked = Rewrite("明天开会", Mode.CUSTOM, "zh", prompt="写成给Peter的邮件，提前15分钟")
    assert check(asked, "Peter：明天开会，请提前15分钟到。").passed


@pytest.mark.parametrize("case", INJECTIONS, ids=lambda case: case["id"])
def test_an_answer_that_obeys_the_transcript_fails(case: dict[str, Any]) -> None:
    asked = Rewrite(case["text"], Mode(case["mode"]), case["language"], target=case.get("target"))
    assert not check(asked, cleaned(case["obeyed"], asked)).passed
    verdict = check(asked, cleaned(case["faithful"], asked))
    assert verdict.passed, dict(verdict.checks)


PIECES_TEXT = """
我们 不 没有 三点半 下午 三百二 周三 明天 李明 GitHub 《三体》 ， 。 嗯 不对 吗 什么 I don't not never Peter
Monday three thirty 3:30 pm 15% May , . um Well
"""
TEXTS = st.one_of(
    st.text(max_size=80), st.lists(st.sampled_from(PIECES_TEXT.split()), max_size=20).map(" ".join)
)


@settings(max_examples=300, deadline=None)
@given(text=TEXTS, mode=st.sampled_from(["light", "optimize", "format", "punctuate", "custom"]))
def test_the_transcript_itself_is_faithful(text: str, mode: str) -> None:
    verdict = check(Rewrite(text, Mode(mode), "zh"), text)
    assert verdict.passed, dict(verdict.checks)
    assert verdict.changes.words == verdict.changes.marks == 0


@settings(max_examples=200, deadline=None)
@given(text=TEXTS, answer=TEXTS, mode=st.sampled_from(list(Mode)))
def test_any_answer_gets_a_verdict(text: str, answer: str, mode: Mode) -> None:
    asked = Rewrite(text, mode, prompt="三点", target="en", segments=((0.0, 1.0, text),))
    verdict = check(asked, cleaned(answer, asked))
    assert verdict.passed == (verdict.failed == ())


def seconds(text: str, mode: Mode) -> float:
    """Measure the processor time that it takes to check an answer like the text."""
    half = len(text) // 2
    begun = time.process_time()
    check(Rewrite(text, mode, target="en"), f"{text[:half]}好{text[half:]}")
    return time.process_time() - begun


@pytest.mark.slow
@pytest.mark.parametrize("mode", [Mode.OPTIMIZE, Mode.PUNCTUATE, Mode.SUMMARY])
@pytest.mark.parametrize(
    "piece",
    [
        *("我们明天三点不开会，", "We will not meet Peter at 3 pm. ", "a", "不", "一", "1", "1-", "AB CD "),
        *(" ", "三点，不对，四点", "- ", "twenty-", "点", "分之一", "《", "李明", "[0:01]", "\n"),
    ],
)
def test_time_grows_no_faster_than_the_text(piece: str, mode: Mode) -> None:
    seconds(piece, mode)
    short, long = (piece * (characters // len(piece)) for characters in (2_500, 25_000))
    assert seconds(long, mode) < 0.5 + 30 * seconds(short, mode)


@pytest.mark.slow
@pytest.mark.parametrize("sentence", ["我们明天三点不开会，", "We will not meet Peter at 3 pm. "])
def test_a_hundred_kilobytes_are_checked_in_seconds(sentence: str) -> None:
    assert seconds(sentence * (100_000 // len(sentence)), Mode.OPTIMIZE) < 15
