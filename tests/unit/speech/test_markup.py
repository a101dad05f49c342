"""Texts with markup: what is left to be read, and how SSML wants it read."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.speech.markup import Delivery, MarkupError, document_of, utterances_of
from voxq.speech.markup.markdown import without_marks
from voxq.speech.sentences import Break
from voxq.speech.written import is_pronounceable

CLEANED = {
    "# Title\n\nText here.\n\n> a quote\n\nThis is ~~not~~ it.\n": [
        *("Title", "Text here.", "a quote", "This is not it."),
    ],
    "Tom &amp; Jerry<br>ran away.": ["Tom & Jerry", "ran away."],
    "Some **bold**, *italic* and `code`.": ["Some bold, italic and code."],
    "A [link](https://x.y/z?a=b) and ![a picture](a.png).": ["A link and a picture."],
    "[text][ref]\n\n[ref]: https://a.b": ["text"],
    "- one\n- [x] two\n  - three": ["one", "two", "three"],
    "1. Wash.\n2. Boil.": ["1. Wash.", "2. Boil."],
    "|Name|Age|\n|:-|-:|\n|Ann|5|": ["Name, Age", "Ann, 5"],
    "It is so.[1][2] It ends[^1].\n\n[^1]: A note.": ["It is so.", "It ends.", "A note."],
    "Seen here【4:0†source】.": ["Seen here."],
    "Hi 😀 :smile: there 👍🏽": ["Hi there"],
    "***\n\nText\n===\nMore": ["Text", "More"],
    "<p>One</p><p>Two <b>bold</b></p><script>alert(1)</script><!-- no -->": ["One", "Two bold"],
    "<img src=x alt='A dog'> &lt;tag&gt; R&amp;amp;D &copy; 5": ["A dog <tag> R&D © 5"],
    "**Note: unbalanced and *half": ["Note: unbalanced and half"],
    "\\*literal\\*": ["literal"],
    "**价格**：￥100-200。\n- 第一\n- 第二": ["价格：￥100-200。", "第一", "第二"],
    "```\nonly code\n```": ["only code"],
}
PLAIN_TEXTS = (
    *("2*3*4 and a * b", "5 < 6 and 7 > 3", "snake_case_name", "C:\\path\\x", "AT&T and R&D", "a*b*c"),
    *(">5 people", "[Ann]: hello there", "x <y and z> w", "1986. A year", "array[1] = 5", "C# and C++"),
    *(
        "3 - 2 = 1",
        "He said: yes.",
        "50% ~ 60%",
        "a/b",
        "#1 fan",
        "e.g. this (and that)",
        "你好：世界。",
        "~5 km",
    ),
)


def texts(text: str, **more: str) -> list[str]:
    return [each.text for each in utterances_of(document_of(text, "auto"), **more)]  # pyright: ignore


@pytest.mark.parametrize(("written", "read"), CLEANED.items())
def test_marks_are_not_read(written: str, read: list[str]) -> None:
    assert texts(written) == read


@pytest.mark.parametrize("text", PLAIN_TEXTS)
def test_plain_text_is_left_alone(text: str) -> None:
    assert document_of(text, "auto").text == text


def test_text_is_read_as_it_is_if_the_client_says_so() -> None:
    assert document_of("**a** &amp; <b>", "text").text == "**a** &amp; <b>"


def test_code_blocks_are_left_out_and_told() -> None:
    document = document_of("Run this:\n\n```sh\nrm -rf /\n```\n\nDone.", "auto")
    assert [each.text for each in utterances_of(document)] == ["Run this:", "Done."]
    assert [each.text for each in document.skipped] == ["rm -rf /"]


_MARKED = st.text(st.sampled_from("ab 1.\n*_`#~|<>&[]()!\\-+=:;/'\"^$你。"), max_size=80)


@given(st.one_of(_MARKED, st.text(max_size=60)))
def test_any_text_comes_through_and_cleaned_text_is_clean(text: str) -> None:
    once, _ = without_marks(text)
    assert without_marks(once)[0] == once or is_pronounceable(once)
    for each in utterances_of(document_of(text, "markdown")):
        assert is_pronounceable(each.text)


@given(st.text(st.sampled_from("abc dé.,!?你好，。\n"), max_size=80))
def test_text_without_marks_is_what_it_was(text: str) -> None:
    assert document_of(text, "auto").text == text


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "[",
            "![",
            "*a ",
            "**a ",
            "`",
            "``a ",
            "<a ",
            "<!--",
            "&amp;",
            "[a](b",
            "> ",
            "- ",
            "|a|\n",
            "~~",
            "***",
        ),
        *(
            "[^1]",
            "<script>",
            "<script></",
            "<!-- >",
            "<div>\n",
            "](",
            "```\n",
            "[1]",
            "【",
            ":a",
            "\\",
            "<b><i>",
        ),
        *("\n\n- a", "&#", "_a*", "|-|-|\n"),
    ],
)
def test_hostile_marks_take_little_time(unit: str) -> None:
    text = unit * (40_000 // len(unit))
    started = time.process_time()
    utterances_of(document_of(text, "auto"))
    assert time.process_time() - started < 15


def test_ssml_is_looked_for_at_the_beginning_only() -> None:
    """What may stand before it has a limited length, or every end of a comment would be tried."""
    text = "<!---->\n<!DOCTYPE " * 5000
    started = time.process_time()
    document_of(text, "auto")
    assert time.process_time() - started < 1


def test_breaks_are_silences() -> None:
    ssml = (
        '<speak><break time="500ms"/>One <break time="1s"/><break time="250ms"/> two. '
        '<break strength="none"/>Three</speak>'
    )
    first, second, third = utterances_of(document_of(ssml, "auto"))
    assert (first.text, first.delivery) == ("One", Delivery(before=0.5, pause=1.25))
    assert (second.text, second.delivery.pause) == ("two.", 0.0)
    assert (third.text, third.delivery) == ("Three", Delivery())


def test_paragraphs_and_sentences_end_where_they_say() -> None:
    ssml = "<speak><p><s>One</s><s>Two</s></p><p>Three</p></speak>"
    endings = [(each.text, each.ending) for each in utterances_of(document_of(ssml, "auto"))]
    assert endings == [("One", Break.SENTENCE), ("Two", Break.PARAGRAPH), ("Three", Break.PARAGRAPH)]


def test_prosody_is_relative_to_what_is_around_it() -> None:
    ssml = (
        '<speak>a <prosody rate="50%" pitch="+2st">b <prosody rate="fast">c</prosody></prosody>'
        '<emphasis level="strong">d</emphasis></speak>'
    )
    deliveries = {each.text: each.delivery for each in utterances_of(document_of(ssml, "auto"))}
    assert (deliveries["a"].rate, deliveries["b"].rate, deliveries["c"].rate) == (1, 0.5, 0.625)
    assert (deliveries["b"].pitch, deliveries["c"].pitch) == (2, 2)
    assert deliveries["d"].rate < 1 and deliveries["d"].pitch > 0


@pytest.mark.parametrize(
    ("language", "inner", "read"),
    [
        ("en", '<say-as interpret-as="characters">Ab1</say-as>', "A B one"),
        ("en", '<say-as interpret-as="cardinal">1999</say-as>', "one thousand nine hundred ninety-nine"),
        ("en", '<say-as interpret-as="ordinal">21</say-as>', "twenty-first"),
        ("en", '<say-as interpret-as="digits">2024</say-as>', "two zero two four"),
        (
            "en",
            '<say-as interpret-as="date" format="dmy">5/4/2024</say-as>',
            "April fifth, twenty twenty-four",
        ),
        ("en", '<say-as interpret-as="date" format="md">4-5</say-as>', "April fifth"),
        ("en", '<say-as interpret-as="telephone">+1 555</say-as>', "plus one, five five five"),
        ("en", '<say-as interpret-as="time">3:30pm</say-as>', "three thirty PM"),
        ("en", '<say-as interpret-as="expletive">darn</say-as>', "beep"),
        ("en", '<sub alias="World Wide Web">WWW</sub>', "World Wide Web"),
        ("zh", '<say-as interpret-as="date" format="ymd">2024-05-01</say-as>', "二零二四年五月一日"),
        ("zh", '<say-as interpret-as="cardinal">2024</say-as>', "两千零二十四"),
        ("zh", '<say-as interpret-as="digits">110</say-as>', "一一零"),
        ("zh", '<say-as interpret-as="telephone">110</say-as>', "幺幺零"),
    ],
)
def test_what_is_to_be_said_in_some_way_is(language: str, inner: str, read: str) -> None:
    assert document_of(f"<speak>{inner}</speak>", "ssml", language).text.strip() == read


@pytest.mark.parametrize(
    ("ssml", "named"),
    [
        ('<speak><audio src="x"/></speak>', "<audio>"),
        ('<speak><voice name="x">a</voice></speak>', "<voice>"),
        ('<speak><prosody volume="loud">a</prosody></speak>', "'volume'"),
        ('<speak><prosody rate="9">a</prosody></speak>', "rate"),
        ('<speak><prosody pitch="200Hz">a</prosody></speak>', "pitch"),
        ('<speak><break time="11s"/>a</speak>', "break time"),
        ('<speak><break strength="huge"/>a</speak>', "break strength"),
        ('<speak><emphasis level="x">a</emphasis></speak>', "emphasis level"),
        ('<speak><say-as interpret-as="poem">a</say-as></speak>', "'poem'"),
        ('<speak><say-as interpret-as="date" format="mdy">13/13/2024</say-as></speak>', "date"),
        (f'<speak><say-as interpret-as="date" format="m">{"1" * 5000}</say-as></speak>', "date"),
        ("<speak><say-as>1</say-as></speak>", "interpret-as"),
        ('<speak><prosody pitch="+13st">a</prosody></speak>', "pitch"),
        ("<speak>a", "line 1"),
        ("<speak>a</speak><speak>b</speak>", "well-formed"),
        ("<speak><speak>a</speak></speak>", "one <speak>"),
        ('<speak><prosody pitch="-100%">a</prosody></speak>', "pitch"),
        ("<speak>&nbsp;</speak>", "undefined entity"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><speak>&a;</speak>', "document type"),
        ('<!DOCTYPE speak SYSTEM "http://localhost/x.dtd"><speak>a</speak>', "document type"),
        ("<speak><?x y?>a</speak>", "processing instructions"),
        ('<speak><sub alias="b">a<p>c</p></sub></speak>', "no other element"),
        (f"<speak>{'<p>' * 60}a{'</p>' * 60}</speak>", "nested"),
        ("<speak>a" + '<break time="10s"/>' * 31 + "</speak>", "add up"),
        ("<speak>\x00</speak>", "well-formed"),
        ("<speak>\ud800</speak>", "characters"),
    ],
)
def test_anything_else_is_refused_by_its_name(ssml: str, named: str) -> None:
    with pytest.raises(MarkupError, match=named):
        document_of(ssml, "auto")
    assert document_of(ssml, "text").text == ssml


@pytest.mark.parametrize(
    ("rate", "pitch", "delivery"),
    [("4", "+12st", Delivery(rate=4, pitch=12)), ("0.25", "-12st", Delivery(rate=0.25, pitch=-12))],
)
def test_nested_prosody_stays_within_what_a_voice_can_do(rate: str, pitch: str, delivery: Delivery) -> None:
    inner = f'<prosody rate="{rate}" pitch="{pitch}">'
    (said,) = utterances_of(document_of(f"<speak>{inner * 20}a{'</prosody>' * 20}</speak>", "ssml"))
    assert said.delivery == delivery


def test_a_private_character_marks_nothing() -> None:
    ssml = '<speak>a\ue000<sub alias="b\ue000">\ue000c</sub>\ue000<sub alias="d">e</sub></speak>'
    assert document_of(ssml, "ssml").text == "abd"


@pytest.mark.parametrize(
    "ssml",
    [
        f"<speak><{'x' * 9000}/></speak>",
        f'<speak><p {"x" * 9000}="a">b</p></speak>',
        f'<speak><say-as interpret-as="{"x" * 9000}">a</say-as></speak>',
        f'<speak><say-as interpret-as="date" format="{"m" * 9000}">{"13" * 3000}</say-as></speak>',
    ],
)
def test_a_refusal_repeats_little_of_what_was_sent(ssml: str) -> None:
    with pytest.raises(MarkupError) as refused:
        document_of(ssml, "ssml")
    assert len(str(refused.value)) < 200


def test_words_in_a_foreign_script_are_left_out_and_told() -> None:
    first, second = utterances_of(document_of("Hello 世界 and мир, friend. Привет! End.", "auto"), ("en",))
    assert (first.text, second.text) == ("Hello and , friend.", "End.")
    assert [each.text for each in (*first.skipped, *second.skipped)] == ["世界", "мир", "Привет"]
    assert texts("面积是π，мир") == ["面积是π，мир"]
    assert [each.text for each in utterances_of(document_of("面积是π，мир", "auto"), ("zh", "en"))] == [
        "面积是π，"
    ]
