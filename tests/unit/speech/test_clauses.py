"""Places where a sentence may be cut without being heard."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.speech.clauses import clause_ends

CLAUSES = (
    "The old house stands at the end of a stone pier,| where the river meets the sea.",
    "When we came to London last year,| I had never seen so many people.",
    "If it rains tomorrow,| we will take the bus,| and the children will stay at home.",
    "He knew the answer;| nobody had asked him for it.",
    "There is one thing to remember:| the door must be closed at night.",
    '"I do not know what that is," |he said after a while.',
    "She said that nobody would come,| but the dogs’ owner was already there.",
    "It costs $1,234.56 in the shop at the corner,| which is too much for us.",
    "They came at 12:30 in the afternoon,| long after the others had left.",
    "The book (a gift, as he said, from a friend) was lost,| and nobody looked for it.",
    "大家下午在公司门口见面，|然后一起去公园散步。",
    "请把蓝色的文件夹带到会议室，|告诉老王打印机又坏了。",
    "他想了很久；|最后还是没有去学校。",
    "他站起来对大家说：|“今天的会议，到此为止吧。”",
    "昨日は天気がとても良かったので、|友だちと公園へ行きました。",
    "Si no vienes mañana por la mañana,| no podremos salir a tiempo.",
    "Quand le soleil se lève sur la mer,| les pêcheurs sont déjà partis.",
)
"""Sentences with | where a clause ends."""

WHOLE = (
    # numbers, dates, times, addresses
    "The population of the town grew to 1,234,567 within a few years.",
    "The numbers that he wrote down were 3,141, 5,926, 5,358 and so on.",
    "The meeting was moved to Monday, March 3, 2025 by the new director.",
    "It happened in the cold and dark March, 2024 when nobody was looking.",
    "The train leaves at 12: 30 from the platform on the other side.",
    "See https://voxq.example/a,b;c:d?e=f,g for the rest of the story.",
    "人口增长到1，234，567人的那一年他才刚刚出生在这里。",
    "这个城市大约有三千，五百万左右的人口和很多工厂。",
    # names and abbreviations
    "She lived for many years in Paris, France with her old mother.",
    "The speech was given by Martin Luther King, Jr. in front of the crowd.",
    "The company was founded by Acme Inc., which nobody had heard of.",
    "You should bring warm clothes, e.g., a coat and a pair of gloves.",
    # quotations and brackets
    '"I do not know what you mean, but I will find out."',
    "“We went home early, and then we slept for a long time.”",
    "‘We can’t go home now, and that’s the end of it’ was all he said.",
    "'We can't go home now, and that's the end of it' was all he said.",
    "The house (which was old, and nobody lived in it any more) burned down.",
    "他说“今天天气非常好，我们一起去公园散步”就走了。",
    "我最近在读《平凡的世界，不平凡的人生故事》这本书。",
    "那座房子（已经很旧了，而且没有人住在里面）昨天烧毁了。",
    "The bracket is open (and nothing closes it, so nobody knows the end.",
    # lists and remarks
    "We saw a red, a white, a blue and a very long green boat.",
    "我们在商店里买了苹果、香蕉、橘子和很多别的水果回家。",
    "Ann, Bob, Carl and Dora went to see the doctor together.",
    # nothing to rest at
    "The quick brown fox jumps over the lazy dog and runs away again.",
    "",
    ",",
    ", , , ,",
    "，，，，",
)


def ends(marked: str) -> tuple[str, list[int]]:
    """Return a sentence without its marks, and their places."""
    pieces = marked.split("|")
    return "".join(pieces), [len("".join(pieces[:count])) for count in range(1, len(pieces))]


@pytest.mark.parametrize("marked", CLAUSES)
def test_clauses_end_where_a_reader_rests(marked: str) -> None:
    sentence, places = ends(marked.replace('" |', '"| '))
    assert clause_ends(sentence) == places


@pytest.mark.parametrize("sentence", WHOLE)
def test_nothing_else_is_cut(sentence: str) -> None:
    assert clause_ends(sentence) == []


_PIECES = st.sampled_from(
    [
        *"，、,;:：\"'“”‘’()（）《》「」 .1二I",
        "Paris",
        "word ",
        "你好",
        "e.g.",
        "the river meets the sea",
        "かな",
    ]
)


@given(st.lists(_PIECES, max_size=60).map("".join))
def test_places_are_in_order_and_outside_of_quotations(sentence: str) -> None:
    places = clause_ends(sentence)
    assert all(0 < first < second for first, second in pairwise([*places, len(sentence)]))
    for place in places:
        before = sentence[:place]
        assert all(
            before.count(one) <= before.count(other) for one, other in ("“”", "()", "（）", "《》", "「」")
        )
        assert before.count('"') % 2 == 0
        assert not (before.rstrip(",;:，；：、 ")[-1:].isdigit() and sentence[place:].lstrip()[:1].isdigit())
