"""Words that decide how a Chinese figure is read: measure words, units, currencies, and what stands beside
numbers that are no quantities."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from voxq.speech.normalise.rules import any_of

MEASURES = any_of(
    """
    个 個 只 隻 张 張 条 條 本 位 名 人 次 遍 趟 回 天 年 周 週 星期 礼拜 禮拜 小时 小時 钟头 鐘頭 分钟
    分鐘 秒 秒钟 秒鐘 刻钟 刻鐘 晚 夜 岁 歲 元 块 塊 毛 角 分 圆 圓 美元 美金 欧元 歐元 英镑 英鎊 日元
    港元 港币 韩元 卢布 泰铢 澳元 加元 公里 千米 米 厘米 公分 毫米 英里 海里 英寸 英尺 尺 寸 公斤 千克
    克 斤 吨 噸 磅 升 毫升 平方米 平方公里 平米 立方米 亩 畝 公顷 杯 瓶 碗 盘 盤 盒 箱 包 袋 桶 罐 壶 壺
    件 套 双 雙 对 對 副 把 支 枝 根 颗 顆 粒 片 滴 朵 棵 株 头 頭 匹 口 座 栋 棟 幢 间 間 家 所 辆 輛
    艘 架 台 臺 部 门 門 节 節 场 場 句 篇 首 幅 份 封 页 頁 行 列 排 段 组 組 队 隊 种 種 类 類 项 項
    款 笔 筆 串 束 群 堆 批 室 厅 廳 卫 房 床 顿 頓 餐 步 圈 倍 国 國 岸 侧 側 边 邊 方 者 样 樣 点 點
    点钟 点半 个月 個月 代人 层楼 層樓
    """
)
"""Words before which 2 is 两."""

NOT_COUNTED = any_of(
    """
    年级 年級 次元 次方 次函数 次型 分之 分法 人称 人世界 本院校 点零 方案 月 号 號 日 楼 樓 级 級 等
    """
)
"""Words that begin like a measure word and are none."""

COUNTABLE = any_of(
    """
    成 折 度 楼 樓 层 層 级 級 等 期 届 屆 班 环 線 线 路 号线 號線 月 日 号 號 季 章 课 課 卷 集 版 代
    世纪 世紀 年代 年级 年級 单元 强 岁以下 余 餘 多 几 幾 来 來 万 萬 亿 億 千 百 美分 人民币 字 户 戶
    股 票 盏 扇 首歌 街 区 區 站 胎 维 維 分之 后 後 赛季 学年 季度 小題 小题 题 題 轮 輪 局 球 环比 开
    """
)
"""Further words that follow a number that is read as a quantity."""

UNITS: Mapping[str, str] = MappingProxyType(
    {
        "km": "公里",
        "dm": "分米",
        "cm": "厘米",
        "mm": "毫米",
        "um": "微米",
        "µm": "微米",
        "μm": "微米",
        "nm": "纳米",
        "m": "米",
        "kg": "千克",
        "mg": "毫克",
        "ug": "微克",
        "µg": "微克",
        "μg": "微克",
        "g": "克",
        "t": "吨",
        "mL": "毫升",
        "ml": "毫升",
        "L": "升",
        "l": "升",
        "m/s²": "米每二次方秒",
        "km²": "平方公里",
        "m²": "平方米",
        "cm²": "平方厘米",
        "mm²": "平方毫米",
        "m³": "立方米",
        "cm³": "立方厘米",
        "km2": "平方公里",
        "m2": "平方米",
        "m3": "立方米",
        "㎡": "平方米",
        "㎥": "立方米",
        "㎏": "千克",
        "㎞": "公里",
        "㎝": "厘米",
        "㎜": "毫米",
        "℃": "摄氏度",
        "°C": "摄氏度",
        "℉": "华氏度",
        "°F": "华氏度",
        "°": "度",
        "′": "分",
        "″": "秒",
        "h": "小时",
        "min": "分钟",
        "mins": "分钟",
        "s": "秒",
        "ms": "毫秒",
        "Hz": "赫兹",
        "kHz": "千赫兹",
        "MHz": "兆赫兹",
        "GHz": "吉赫兹",
        "W": "瓦",
        "kW": "千瓦",
        "KW": "千瓦",
        "MW": "兆瓦",
        "GW": "吉瓦",
        "kWh": "千瓦时",
        "V": "伏",
        "kV": "千伏",
        "mV": "毫伏",
        "mA": "毫安",
        "mAh": "毫安时",
        "Wh": "瓦时",
        "Ω": "欧姆",
        "Pa": "帕",
        "kPa": "千帕",
        "MPa": "兆帕",
        "hPa": "百帕",
        "mmHg": "毫米汞柱",
        "dB": "分贝",
        "cal": "卡",
        "kcal": "千卡",
        "kJ": "千焦",
        "J": "焦",
        "N": "牛",
        "mol": "摩尔",
        "mmol": "毫摩尔",
        "px": "像素",
        "fps": "帧每秒",
        "rpm": "转每分钟",
        "mph": "英里每小时",
        "kbps": "千比特每秒",
        "Kbps": "千比特每秒",
        "Mbps": "兆比特每秒",
        "Gbps": "吉比特每秒",
        "lb": "磅",
        "lbs": "磅",
        "oz": "盎司",
        "ft": "英尺",
        "w": "万",
        "ppm": "百万分之一",
    }
)
"""Symbol -> word. A lower-case w is how people on the net write 万."""

PER: Mapping[str, str] = MappingProxyType({"h": "小时", "s": "秒", "min": "分钟", "d": "天"} | UNITS)
"""Symbol below a fraction line -> word."""

SIGNS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("¥", "￥", "CN¥", "RMB¥", "RMB￥"), "元"),
        **dict.fromkeys(("JP¥", "JP￥"), "日元"),
        **dict.fromkeys(("$", "＄", "US$", "USD$"), "美元"),
        **dict.fromkeys(("€", "EUR€"), "欧元"),
        **dict.fromkeys(("£", "￡"), "英镑"),
        **dict.fromkeys(("₩", "￦"), "韩元"),
        "HK$": "港元",
        "HKD$": "港元",
        "NT$": "新台币",
        "MOP$": "澳门元",
        "A$": "澳元",
        "AU$": "澳元",
        "C$": "加元",
        "CA$": "加元",
        "S$": "新加坡元",
        "SG$": "新加坡元",
        "NZ$": "新西兰元",
        "R$": "雷亚尔",
        "₹": "卢比",
        "₽": "卢布",
        "฿": "泰铢",
        "₫": "越南盾",
        "₺": "里拉",
        "₴": "格里夫纳",
        "₪": "谢克尔",
        "₱": "比索",
        "₦": "奈拉",
        "₿": "比特币",
        "₸": "坚戈",
        "₼": "马纳特",
        "₾": "拉里",
        "₵": "塞地",
        "₡": "科朗",
        "₲": "瓜拉尼",
        "₭": "基普",
        "₮": "图格里克",
        "៛": "瑞尔",
        "৳": "塔卡",
        "¢": "美分",
    }
)
"""Currency sign -> name."""

CODES: Mapping[str, str] = MappingProxyType(
    {
        "RMB": "元",
        "CNY": "元",
        "USD": "美元",
        "EUR": "欧元",
        "GBP": "英镑",
        "JPY": "日元",
        "HKD": "港元",
        "TWD": "新台币",
        "NTD": "新台币",
        "MOP": "澳门元",
        "KRW": "韩元",
        "AUD": "澳元",
        "CAD": "加元",
        "SGD": "新加坡元",
        "NZD": "新西兰元",
        "CHF": "瑞士法郎",
        "RUB": "卢布",
        "INR": "卢比",
        "THB": "泰铢",
        "BTC": "比特币",
    }
)
"""Code of a currency -> name."""

CURRENCY_WORDS = any_of(
    """
    元 块 塊 圆 圓 美元 美金 美刀 欧元 歐元 英镑 英鎊 日元 日圆 円 港元 港币 韩元 卢布 泰铢 澳元 加元
    新台币 台币 人民币 法郎 卢比 角 毛
    """
)

ID_NOUNS = any_of(
    """
    号码 號碼 编号 編號 单号 單號 订单 訂單 卡号 卡號 帐号 账号 帳號 账户 银行卡 信用卡 储蓄卡 密码 密碼
    验证码 驗證碼 校验码 身份证 身分證 护照 邮编 郵編 邮政编码 QQ 微信 学号 工号 车牌 航班 代码 尾号
    序列号 口令 房间 房間 房号 门牌 取件码 提取码 邀请码 兑换码 流水号 运单 快递 合同号 发票 税号 注册号
    许可证 批号 条码 编码 股票 ID 识别码 学籍号 考号 准考证 证号 会员号 病历号 序号 型号 批准文号
    """
)
"""Nouns after which a number of three and more digits is read digit by digit."""

TELEPHONE_NOUNS = any_of(
    """
    电话 電話 手机 手機 热线 熱線 客服 传真 拨打 撥打 致电 致電 拨 撥 来电 来電 短信 座机 号段 联系方式
    """
)
"""Nouns after which such a number is a telephone number."""

SPELT_BEFORE = any_of(
    """
    室 房间 房間 号房 教室 寝室 宿舍 路公交 路车 路汽车 路无轨 医院 醫院 胶水 错误 页面 客机 飞机 艺术区
    中学 国道 省道 县道 航班 号段 高地 工程 事件 高校 院校 大学 工作制 大促 购物节 晚会 股 基金 谍战
    谍报
    """
)
"""Nouns before which a number of three and more digits is read digit by digit."""

SCORE = any_of(
    """
    比分 战胜 戰勝 击败 擊敗 取胜 获胜 獲勝 负于 不敌 战平 領先 领先 落后 险胜 逆转 大胜 完胜 惜败 淘汰
    总比分 力克 横扫 打成 扳成 拿下 比赛 赢 赢了 输 输了 踢成 平局
    """
)
"""Words beside the result of a game."""
