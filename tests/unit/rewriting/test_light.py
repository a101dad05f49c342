"""Clean-up by rules: what goes, and what must stay."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxq.rewriting.light import light

KEPT_CHINESE = """
那个人是谁
那个时候我还小
我要那个，谢谢
你说的那个是对的
就要那个，别的不要
哪个？那个，红色的。
这个那个，都是一样的
也就是说，我们输了
那就是说你不来了
他的意思就是说你不对
妈妈叫你回家吃饭
爸爸和妈妈在看电视
看看再说
你试试这个
想想也对
等等我
谢谢谢谢，太客气了
好的好的，我知道了
对对对，就是这样
是是是，您说得对
不不不，我不是这个意思
没没没说过
来来来，喝一杯
天天向上
慢慢来
刚刚出门
常常迟到
高高兴兴上班去
我们研究研究
商量商量再定
现在在家
正在在线升级
其他他都不要
吉他他弹得很好
一把把椅子
一个一个来
一遍一遍地练
非常非常感谢
特别特别好吃
的的确确是这样
手机号是一三八零零一三八零零零
房间号是二二零六
三三两两的人
第一第二都不对
嗯。
嗯嗯。
嗯嗯，好的
你去吗？嗯。
嗯哼，继续
打呃打个不停
呃逆怎么治
金额是多少
额外收费
名额已满
他的额头很高
唱卡拉OK
这只是A股
他说什么他说什么都行
我不知道我不知道的事
张三 李四 王五
自我我行我素
服从从上面来的命令
价格是3.50元
下午3:30开会
你好，世界！
2024年3月5日
"""
KEPT_ENGLISH = """
I know that that is wrong.
He had had enough.
What it is is a bug.
It was very very cold.
So so, thanks.
Bye bye.
No, no, no, that is wrong.
Never, never again.
My my, what a day!
Check in in London.
Please log in in the morning.
Do you know him?
As you know, we have no money.
You know what I mean.
You know, don't you?
If you know the answer, raise your hand.
She works at UM.
The UH campus is closed.
He is in the ER now.
Um Kulthum was a singer.
I heard Um Kulthum sing.
It is 5 um thick.
It is five um thick.
Uh-huh, go on.
Uh-oh.
Um.
Are you sure? Um.
Pre- and post-war houses
two- or three-year contracts
The t-test was significant.
Send me an e-mail.
The The played in London.
I know I know you from somewhere.
My number is five five five one two three four.
Call 555-1234.
1, 1, 2, 3, 5
A-A-A batteries
It costs $3.50, not $3.15.
Visit www.example.com/um today.
um@example.com
I said I said it twice.
We love New York New York.
Duran Duran are from Birmingham.
I don't I don't know.
Is it ten? Ten ten.
"""
KEPT_OTHERS = (
    ("um homem com uma mulher", "pt"),
    ("um homem com uma mulher", None),
    ("Wir treffen uns um acht Uhr.", "de"),
    ("Wir treffen uns um acht Uhr.", None),
    ("えーと、それは、それはですね", "ja"),
    ("えーと、それはですね", None),
    ("그 그 사람", "ko"),
    ("nous nous aimons, vous vous levez", "fr"),
)

CHANGED = (
    ("嗯，我觉得可以", "我觉得可以"),
    ("我觉得，嗯，可以", "我觉得，可以"),
    ("我觉得呃可以", "我觉得可以"),
    ("他说：嗯，可以", "他说：可以"),
    ("好，嗯。", "好。"),
    ("呃那个人是谁", "那个人是谁"),
    ("那个，我想问一下", "我想问一下"),
    ("那个那个，我想问一下", "我想问一下"),
    ("那个那个文件在哪", "那个文件在哪"),
    ("就是说，我们要改", "我们要改"),
    ("就是说呢，我们要改", "我们要改"),
    ("我我我想去", "我想去"),
    ("我，我想去", "我想去"),
    ("我们我们明天去", "我们明天去"),
    ("然后，然后就走了", "然后就走了"),
    ("我今天想我今天想去公园", "我今天想去公园"),
    ("我用iPhone拍照", "我用 iPhone 拍照"),
    ("今 天 天 气 很 好", "今天天气很好"),
    ("你好,世界!", "你好，世界！"),
    ("２０２４年", "2024年"),
    ("Um, I think so.", "I think so."),
    ("I think, um, we should go.", "I think we should go."),
    ("We have three, um, not four.", "We have three, not four."),
    ("Uh, the plan is ready.", "The plan is ready."),
    ("It was, you know, hard.", "It was hard."),
    ("It was hard, you know.", "It was hard."),
    ("You know, the man is here.", "The man is here."),
    ("Well, er, yes.", "Well, yes."),
    ("I I want the the book.", "I want the book."),
    ("And, and then he left.", "And then he left."),
    ("I w- I want to go.", "I want to go."),
    ("We w- went home.", "We went home."),
    ("B-b-but why?", "But why?"),
    ("I-I-I think so.", "I think so."),
    ("I want to I want to go.", "I want to go."),
    ("I was I was going home.", "I was going home."),
    ("Let me, um, let me see it.", "Let me see it."),
    ("hello ， world", "hello, world"),
    ("a  wide   gap", "a wide gap"),
)


def lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line]


def test_there_are_enough_texts_that_must_stay() -> None:
    assert len(lines(KEPT_CHINESE)) + len(lines(KEPT_ENGLISH)) >= 80


@pytest.mark.parametrize("text", lines(KEPT_CHINESE))
def test_chinese_that_may_be_meant_stays(text: str) -> None:
    assert light(text, "zh") == text
    assert light(text) == text


@pytest.mark.parametrize("text", lines(KEPT_ENGLISH))
def test_english_that_may_be_meant_stays(text: str) -> None:
    assert light(text, "en") == text
    assert light(text) == text


@pytest.mark.parametrize(("text", "language"), KEPT_OTHERS)
def test_other_languages_stay(text: str, language: str | None) -> None:
    assert light(text, language) == text


@pytest.mark.parametrize(("raw", "clean"), CHANGED)
def test_slips_go(raw: str, clean: str) -> None:
    is_chinese = re.search("[\u4e00-\u9fff０-９]", raw) is not None
    assert light(raw, "zh" if is_chinese else "en") == clean


PIECES_TEXT = """
嗯 呃 那个 就是说 我 我们 你 看 不 没 三 百 十 的 。 ， , . ! ？ um uh you know I the want w- b- 3 15 ： … not
don't no 公园 去 and Um The API iPhone 额 唔 er
"""
PIECES = st.lists(st.sampled_from([*PIECES_TEXT.split(), " ", "\n", ", "]), max_size=25).map("".join)
TEXTS = st.one_of(PIECES, st.text(max_size=60), PIECES.map(lambda text: " ".join(text)))


@settings(max_examples=400, deadline=None)
@given(text=TEXTS, language=st.sampled_from([None, "zh", "en"]))
def test_a_clean_text_stays(text: str, language: str | None) -> None:
    once = light(text, language)
    assert light(once, language) == once


@settings(max_examples=400, deadline=None)
@given(text=TEXTS, language=st.sampled_from([None, "zh", "en"]))
def test_digits_and_negations_stay(text: str, language: str | None) -> None:
    cleaned = light(text, language)
    assert digits(cleaned) == digits(text)
    negation = re.compile(r"[不没别无未]|(?<![a-z])not(?![a-z])|n't(?![a-z])", re.I)
    assert len(negation.findall(cleaned)) == len(negation.findall(text))
    assert re.findall("[零一二三四五六七八九十百千万亿]", cleaned) == re.findall(
        "[零一二三四五六七八九十百千万亿]", text
    )


def digits(text: str) -> list[int]:
    """Values of the digits, full-width ones among them."""
    return [unicodedata.digit(character) for character in text if character.isdecimal()]


@pytest.mark.parametrize(
    "piece",
    [
        *("嗯", "嗯，", "我", "那个", "那个，", "我们", "我今天想", "今 ", "你好,", "我，", "我ab"),
        *("um ", "um, ", "I ", " ", ",", "I want ", "a- ", ".", "you know, ", "I-", "the ", "i was ", "\n"),
    ],
)
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    def seconds(characters: int) -> float:
        text = piece * (characters // len(piece))
        begun = time.process_time()
        light(text, "zh")
        light(text, "en")
        return time.process_time() - begun

    seconds(1000)
    assert seconds(50_000) < 0.5 + 30 * seconds(5_000)
