"""A made-up city to try things on: its subjects, items, inspectors and past draws.

Rules enforced here:
1. Nothing is real. The city 云汐市 and its counties do not exist, GB/T 2260 assigns no region code
   9901, and every name says 示例 (example) or is a pseudonym. Only the laws that items cite exist.
2. The shape is realistic: shares of trades, topics that overlap in one firm, and forms of codes are
   rounded aggregate shares in the manner of a real provincial register. No row of it is used.
3. A city is its arguments: random bits are PCG64's raw output, which NumPy keeps stable, turned
   into choices by whole-number arithmetic alone.

>>> made = city(subjects=200, inspectors=6)
>>> len(made.subjects), len(made.inspectors), len(made.catalog)
(200, 6, 10)
>>> made.regions["990102"]
'甲子区'
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from attrs import frozen
from numpy.random import PCG64

from randcheck.errors import ParameterError, shorten
from randcheck.fields import FrozenMapping
from randcheck.history import History
from randcheck.ids import CREDIT_ALPHABET
from randcheck.models import Item, Scope
from randcheck.registry import InspectorRegistry, ItemCatalog, SubjectRegistry

__all__ = ["AS_OF", "CITY_CODE", "CITY_NAME", "City", "city"]

Columns = dict[str, list[Any]]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: The day that certificates and past draws lie around.
AS_OF = date(2026, 7, 1)
#: The city's region code; every county's code begins with its first four digits.
CITY_CODE = "990100"
CITY_NAME = "云汐市"

#: The most subjects and inspectors: codes and names stay unique and of one form.
MOST_SUBJECTS, MOST_INSPECTORS = 10_000_000, 99_999

# Counties: code, name, share of the subjects in percent.
_COUNTIES = (
    ("990102", "甲子区", 19), ("990103", "乙丑区", 15), ("990104", "丙寅区", 12),
    ("990105", "丁卯区", 9), ("990121", "戊辰县", 9), ("990122", "己巳县", 8),
    ("990123", "庚午县", 7), ("990124", "辛未县", 6), ("990125", "壬申县", 6),
    ("990126", "癸酉县", 5), ("990127", "甲戌县", 4),
)  # fmt: skip

_FIRM_KINDS = ("enterprise", "individual business", "cooperative")
_CODE_STARTS = (91, 92, 93)
_KIND_WORDS = ("公司", "经营部", "合作社")

#: The topics, each the tag of a firm and the id of an item; "disclosure" is every firm's.
_TOPICS = (
    "food", "catering", "special-equipment", "medicine", "advertising", "metrology",
    "product-quality", "pricing", "online-trade",
)  # fmt: skip


class _Trade(NamedTuple):
    """A line of business: weight in ‰ of firms, GB/T 4754-2017 code, word in names, its topics,
    whether it is retail or the like, and percent individual businesses and cooperatives.
    """

    weight: int
    industry: str
    word: str
    topics: tuple[str, ...]
    retail: bool
    individual: int
    cooperative: int = 0


_QUALITY, _PRICE = ("product-quality",), ("pricing",)

# Rounded aggregate shares in the manner of a real provincial register: a third of the firms has no
# topic but disclosure, three in ten make things, a quarter is retail or lodging, a tenth sells food.
_TRADES = (
    _Trade(60, "E4710", "建筑", (), False, 5),
    _Trade(50, "E5011", "装饰", (), False, 30),
    _Trade(25, "E4910", "机电安装", (), False, 20),
    _Trade(75, "F5165", "建材", (), False, 50),
    _Trade(35, "F5164", "金属材料", (), False, 30),
    _Trade(40, "G5431", "货运", (), False, 50),
    _Trade(20, "K7010", "置业", (), False, 0),
    _Trade(20, "I6513", "软件", (), False, 5),
    _Trade(20, "O8111", "汽车维修", (), True, 70),
    _Trade(15, "A0141", "蔬菜种植", (), False, 20, 60),
    _Trade(80, "C3311", "金属结构", _QUALITY, False, 15),
    _Trade(60, "C2927", "塑料制品", _QUALITY, False, 20),
    _Trade(45, "C1819", "服装制造", _QUALITY, False, 35),
    _Trade(40, "C2110", "家具制造", _QUALITY, False, 40),
    _Trade(40, "C3011", "水泥", _QUALITY, False, 0),
    _Trade(20, "C2223", "纸制品", _QUALITY, False, 15),
    _Trade(35, "F5211", "百货", _PRICE, True, 70),
    _Trade(35, "F5232", "服装", _PRICE, True, 80),
    _Trade(40, "F5281", "五金", _PRICE, True, 80),
    _Trade(15, "H6129", "旅馆", _PRICE, True, 60),
    _Trade(15, "H6220", "快餐", ("catering",), True, 80),
    _Trade(10, "H6291", "小吃", ("catering",), True, 95),
    _Trade(13, "K7020", "物业", ("special-equipment",), False, 0),
    _Trade(2, "R9020", "游乐园", ("special-equipment",), True, 0),
    _Trade(15, "L7259", "广告", ("advertising",), False, 30),
    _Trade(6, "I6432", "网络平台", ("online-trade",), True, 0),
    _Trade(14, "F5292", "网店", ("online-trade",), True, 60),
    _Trade(10, "F5151", "医药批发", ("medicine",), False, 0),
    _Trade(5, "M7452", "检测", ("metrology",), False, 0),
    _Trade(30, "F5212", "超市", ("food", "pricing"), True, 60),
    _Trade(25, "F5213", "便利食品", ("food", "pricing"), True, 85),
    _Trade(12, "F5223", "果蔬", ("food", "pricing"), True, 85, 5),
    _Trade(8, "F5226", "酒茶", ("food", "pricing"), True, 75),
    _Trade(8, "C1431", "米面制品", ("food", "product-quality"), False, 30),
    _Trade(10, "C1411", "糕点", ("food", "product-quality"), False, 50),
    _Trade(4, "C1311", "粮食加工", ("food", "product-quality"), False, 10, 60),
    _Trade(16, "F5251", "药房", ("medicine", "pricing"), True, 30),
    _Trade(8, "H6210", "正餐", ("catering", "pricing"), True, 60),
    _Trade(6, "H6110", "酒店", ("special-equipment", "pricing"), True, 0),
    _Trade(7, "F5265", "加油站", ("metrology", "pricing"), True, 0),
    _Trade(4, "C3411", "锅炉制造", ("special-equipment", "product-quality"), False, 0),
    _Trade(2, "C3435", "电梯制造", ("special-equipment", "product-quality"), False, 0),
)

# How many further topics a firm takes up, in ‰ for 0 to 3, by how many its trade has (0 to 2):
# so that 33 %, 44 %, 16 %, 5 % and 2 % of the firms have 1, 2, 3, 4, and 5 or more items.
_FURTHER = ((917, 60, 15, 8), (840, 110, 35, 15), (720, 200, 60, 20))
# Which ones, as relative weights in the order of _TOPICS: for other trades, for retail.
_FURTHER_TOPICS = ((3, 1, 3, 1, 6, 4, 6, 5, 5), (6, 2, 1, 3, 7, 3, 4, 6, 4))

_RISKS = ("A", "B", "C", "D", None)
_RISK_SHARES = (405, 485, 80, 20, 10)  # ‰ of the firms; None: too new to be classed
_STATUSES = ("active", "suspended", "revoked", "cancelled")
_STATUS_SHARES = (930, 15, 25, 30)  # ‰
_CITY_CODE_SHARE = 15  # percent of the codes that the city's own office gave
_LETTERED_SHARE = 9  # percent of the enterprises whose organisation code begins with MA
_NAME_SHARES = (60, 20, 20)  # percent named by the county, by the city, by both

# ‰ of the subjects that are no firms. A natural person works with special equipment or sells online.
_ATTACHED_SHARE, _PERSON_SHARE, _OTHER_SHARE = 40, 6, 4
_EQUIPMENT = (("电梯", 60), ("压力容器", 24), ("锅炉", 14), ("大型游乐设施", 2))
_PERSON_TAGS = (("special-equipment operator",), ("special-equipment operator",), ("online-trade",))
_OTHERS = (
    ("学校食堂", "P8321", ("catering",)),
    ("医院", "Q8411", ("medicine", "metrology")),
    ("集贸市场", "L7223", ("food", "metrology", "pricing")),
)

_FOOD, _MEDICINE = "《中华人民共和国食品安全法》", "《中华人民共和国药品管理法》"
_TRADE_RULES = "《网络交易监督管理办法》"
_INFORMATION = "《企业信息公示暂行条例》"
# Items: id, short word in task ids, name, basis, category, specialties, department.
_ITEMS: tuple[tuple[str, str, str, str, str, tuple[str, ...], str], ...] = (
    ("food", "食品", "食品生产经营监督检查", f"{_FOOD}第一百零九条",
     "key", ("food",), "食品安全监督管理科"),
    ("catering", "餐饮", "餐饮服务监督检查", _FOOD,
     "key", ("food",), "餐饮服务监督管理科"),
    ("special-equipment", "特种设备", "特种设备安全监督检查", "《中华人民共和国特种设备安全法》",
     "key", ("special equipment",), "特种设备安全监察科"),
    ("medicine", "药械", "药品与医疗器械监督检查", f"{_MEDICINE}、《医疗器械监督管理条例》",
     "key", ("medicine",), "药品医疗器械监督管理科"),
    ("advertising", "广告", "广告行为检查", "《中华人民共和国广告法》",
     "general", (), "广告监督管理科"),
    ("metrology", "计量", "计量监督检查", "《中华人民共和国计量法》",
     "general", ("metrology",), "计量科"),
    ("product-quality", "产品质量", "产品质量监督检查", "《中华人民共和国产品质量法》",
     "general", (), "产品质量安全监督管理科"),
    ("pricing", "价格", "价格行为检查", "《中华人民共和国价格法》",
     "general", (), "价格监督检查科"),
    ("online-trade", "网络交易", "网络交易监督检查", f"《中华人民共和国电子商务法》、{_TRADE_RULES}",
     "general", (), "网络交易监督管理科"),
    ("disclosure", "公示信息", "公示信息检查", _INFORMATION,
     "general", (), "信用监督管理科"),
)  # fmt: skip

# What inspectors hold, with weights. In every 40, two generalists hold everything.
_EVERYTHING = ("food", "medicine", "metrology", "special equipment")
_HOLDINGS = (
    (("food",), 18), (("food", "metrology"), 18), (("food", "medicine"), 18),
    (("food", "special equipment"), 18), (("food", "medicine", "metrology"), 10),
    (("food", "metrology", "special equipment"), 8), (("special equipment",), 4),
    (("medicine",), 3), (("metrology", "special equipment"), 3),
)  # fmt: skip
_CITYWIDE_SHARE, _NEIGHBOUR_SHARE, _CONFLICTED_SHARE, _UNLIMITED_SHARE = 30, 20, 15, 15  # percent
_EXPIRED_SHARE = 25  # ‰ of the certificates
_CAPACITIES = (60, 70, 80, 90, 100, 110, 120)  # visits of one draw

_HISTORY_SHARE, _AGAIN_SHARE = 5, 15  # percent of the firms; percent of these drawn twice
_HISTORY_MONTHS = tuple((year, month) for year in (2025, 2026) for month in range(1, 13))[:18]
_HISTORY_DAY = 10


@frozen
class City:
    """A made-up city: two registries, a list of items, past draws, and the counties' names.

    `regions` maps each county's region code to its name. Equality is that of the data.
    """

    subjects: SubjectRegistry
    catalog: ItemCatalog
    inspectors: InspectorRegistry
    history: History
    regions: FrozenMapping


def city(subjects: int = 20_000, inspectors: int = 240, seed: int = 0) -> City:
    """The made-up city of this size: the same arguments give the same city everywhere.

    `subjects` (1 to 10,000,000) counts the rows of the registry of subjects, `inspectors`
    (1 to 99,999) those of inspectors; `seed` is any whole number from 0. Certificates and past
    draws lie around `AS_OF`. Raises `ParameterError`, a `ValueError`.
    """
    _check("subjects", subjects, 1, MOST_SUBJECTS)
    _check("inspectors", inspectors, 1, MOST_INSPECTORS)
    _check("seed", seed, 0, None)
    dice = _Dice(seed)
    attached, persons, others = (
        subjects * share // 1000 for share in (_ATTACHED_SHARE, _PERSON_SHARE, _OTHER_SHARE)
    )
    firms = _firms(dice, subjects - attached - persons - others)
    parts = [firms, _attached(dice, attached, firms), _persons(dice, persons), _others(dice, others)]
    columns = {name: [value for part in parts for value in part[name]] for name in firms}
    return City(
        subjects=SubjectRegistry.from_columns(columns),
        catalog=ItemCatalog.from_records(_items()),
        inspectors=InspectorRegistry.from_columns(_inspectors(dice, inspectors, firms["id"])),
        history=History.from_columns(_history(dice, firms)),
        regions=FrozenMapping({code: name for code, name, _ in _COUNTIES}),
    )


def _check(name: str, value: object, least: int, most: int | None) -> None:
    if type(value) is not int or value < least or (most is not None and value > most):
        limit = f"an int from {least}" + ("" if most is None else f" to {most}")
        raise ParameterError(name, shorten(value), "is no such whole number", f"give {limit}")


class _Dice:
    """Whole-number choices from the raw 64-bit output of one generator."""

    def __init__(self, seed: int) -> None:
        self._bits = PCG64(seed)

    def raw(self, size: int) -> npt.NDArray[np.uint64]:
        return np.asarray(self._bits.random_raw(size), dtype=np.uint64)

    def below(self, bound: int, size: int) -> Ints:
        """Numbers from 0 to `bound` - 1, uneven by less than `bound` / 2^32; `bound` < 2^31."""
        high = self.raw(size) >> np.uint64(32)
        return (high * np.uint64(bound) >> np.uint64(32)).astype(np.int64)

    def choose(self, weights: Sequence[int], size: int) -> Ints:
        """Positions in `weights`, each as likely as its whole-number weight says."""
        edges = np.cumsum(np.array(weights, dtype=np.int64))
        return np.searchsorted(edges, self.below(int(edges[-1]), size), side="right")

    def percent(self, share: int, size: int) -> Mask:
        return self.below(100, size) < share

    def pick(self, count: int, size: int) -> Ints:
        """`count` different positions below `size`, in random order."""
        return np.argsort(self.raw(size), kind="stable")[:count]


def _firms(dice: _Dice, size: int) -> Columns:
    county = dice.choose([share for _, _, share in _COUNTIES], size)
    trade = dice.choose([trade.weight for trade in _TRADES], size)
    individual = np.array([trade.individual for trade in _TRADES], dtype=np.int64)[trade]
    cooperative = np.array([trade.cooperative for trade in _TRADES], dtype=np.int64)[trade]
    part = dice.below(100, size)
    kind = np.where(part < individual, 1, np.where(part < individual + cooperative, 2, 0))
    codes = _credit_codes(dice, kind, county)
    style = dice.choose(_NAME_SHARES, size)
    names = [
        f"{_place(c, s)}示例{_TRADES[t].word}{_KIND_WORDS[k]}{number:05}号"
        for number, (c, s, t, k) in enumerate(_rows(county, style, trade, kind), start=1)
    ]
    return {
        "id": codes,
        "name": names,
        "kind": [_FIRM_KINDS[k] for k in kind.tolist()],
        "region": [_COUNTIES[c][0] for c in county.tolist()],
        "industry": [_TRADES[t].industry for t in trade.tolist()],
        "tags": _topics(dice, trade),
        "risk_class": [_RISKS[r] for r in dice.choose(_RISK_SHARES, size).tolist()],
        "status": _statuses(dice, size),
        "owner": [None] * size,
        "credit_code": codes,
    }


def _rows(*columns: Ints) -> zip[tuple[int, ...]]:
    return zip(*(column.tolist() for column in columns), strict=True)


def _place(county: int, style: int) -> str:
    name = _COUNTIES[county][1]
    return (name, CITY_NAME, CITY_NAME + name)[style]


def _statuses(dice: _Dice, size: int) -> list[str]:
    return [_STATUSES[s] for s in dice.choose(_STATUS_SHARES, size).tolist()]


def _topics(dice: _Dice, trade: Ints) -> list[tuple[str, ...]]:
    """The topics of each firm: those of its trade, and perhaps some more."""
    own = np.array([[topic in t.topics for topic in _TOPICS] for t in _TRADES])
    has = own[trade]
    further = np.zeros(len(trade), dtype=np.int64)
    for count, shares in enumerate(_FURTHER):
        rows = np.flatnonzero(has.sum(axis=1) == count)
        further[rows] = dice.choose(shares, len(rows))
    rows = np.flatnonzero(further)
    retail = np.array([t.retail for t in _TRADES], dtype=np.int64)[trade[rows]]
    keys = (dice.raw(has[rows].size) >> np.uint64(24)).astype(np.int64).reshape(-1, len(_TOPICS))
    keys //= np.array(_FURTHER_TOPICS, dtype=np.int64)[retail]
    keys[has[rows]] = 1 << 62
    order = np.argsort(keys, axis=1, kind="stable")
    for place in range(3):
        more = further[rows] > place
        has[rows[more], order[more, place]] = True
    sets = [
        tuple(sorted(topic for bit, topic in enumerate(_TOPICS) if number >> bit & 1))
        for number in range(1 << len(_TOPICS))
    ]
    return [sets[number] for number in (has @ (1 << np.arange(len(_TOPICS)))).tolist()]


def _credit_codes(dice: _Dice, kind: Ints, county: Ints) -> list[str]:
    """Different unified social credit codes (GB 32100-2015), one a firm.

    A code is: authority and type, region, organisation code with its check character (GB 11714),
    check character. Organisation codes are different images of the row's number.
    """
    size = len(kind)
    given_by_city = dice.percent(_CITY_CODE_SHARE, size)
    lettered = (kind == 1) | dice.percent(_LETTERED_SHARE, size) & (kind == 0)
    start = dice.below(1 << 30, 1)[0]
    spread = np.arange(size, dtype=np.int64) * 17_320_509 + start  # coprime to both spaces
    region = np.array([int(code) for code, _, _ in _COUNTIES], dtype=np.int64)[county]
    values = np.zeros((size, 18), dtype=np.int64)
    values[:, 0:2] = _places(np.array(_CODE_STARTS)[kind], 10, 2)
    values[:, 2:8] = _places(np.where(given_by_city, int(CITY_CODE), region), 10, 6)
    values[:, 8:16] = _places(10_000_000 + spread % 70_000_000, 10, 8)
    values[lettered, 8:11] = [CREDIT_ALPHABET.index(char) for char in "MA0"]
    values[lettered, 11:16] = _places(spread[lettered] % 31**5, 31, 5)
    in_36 = np.array([int(char, 36) for char in CREDIT_ALPHABET], dtype=np.int64)
    check = -(in_36[values[:, 8:16]] @ np.array((3, 7, 9, 10, 5, 8, 4, 2))) % 11
    values[:, 16] = np.where(check == 10, CREDIT_ALPHABET.index("X"), check)
    values[:, 17] = -(values[:, :17] @ np.array([pow(3, i, 31) for i in range(17)])) % 31
    text = np.frombuffer(CREDIT_ALPHABET.encode(), dtype=np.uint8)[values].tobytes().decode()
    return [text[at : at + 18] for at in range(0, len(text), 18)]


def _places(numbers: Ints, base: int, count: int) -> Ints:
    """The digits of numbers, most significant first, shape `(len(numbers), count)`."""
    powers = np.array([base**place for place in reversed(range(count))], dtype=np.int64)
    return numbers[:, None] // powers % base


def _attached(dice: _Dice, size: int, firms: Columns) -> Columns:
    """Equipment of firms that have special equipment, or of any where there are none."""
    tagged = [row for row, tags in enumerate(firms["tags"]) if "special-equipment" in tags]
    owners = tagged or list(range(len(firms["id"])))
    chosen = [owners[place] for place in dice.below(len(owners), size).tolist()]
    types = [_EQUIPMENT[t][0] for t in dice.choose([share for _, share in _EQUIPMENT], size)]
    regions = [firms["region"][row] for row in chosen]
    numbers = _count_up(list(zip(types, regions, strict=True)))
    numbered = list(zip(types, regions, numbers, strict=True))
    county = {code: name for code, name, _ in _COUNTIES}
    ids = [f"{what}-{region}-{number:06}" for what, region, number in numbered]
    names = [f"{CITY_NAME}{county[where]}示例{what}{number:06}号" for what, where, number in numbered]
    columns = _plain("attached object", ids, names, regions, _statuses(dice, size))
    columns["tags"] = [("special-equipment",)] * size
    columns["risk_class"] = [firms["risk_class"][row] for row in chosen]
    columns["owner"] = [firms["id"][row] for row in chosen]
    return columns


def _count_up(groups: Sequence[tuple[str, str]]) -> list[int]:
    """The number of each entry among its equals, from 1."""
    seen: dict[tuple[str, str], int] = {}
    numbers = []
    for group in groups:
        seen[group] = seen.get(group, 0) + 1
        numbers.append(seen[group])
    return numbers


def _plain(
    kind: str, ids: list[str], names: list[str], regions: list[str], statuses: list[str]
) -> Columns:
    """The columns of subjects that are no firms, before their own traits are added."""
    columns: Columns = {"id": ids, "name": names, "kind": [kind] * len(ids)}
    columns |= {"region": regions, "status": statuses, "tags": [()] * len(ids)}
    return columns | {
        name: [None] * len(ids) for name in ("industry", "risk_class", "owner", "credit_code")
    }


def _persons(dice: _Dice, size: int) -> Columns:
    ids = [f"p-{high:016x}{low:016x}" for high, low in dice.raw(2 * size).reshape(-1, 2).tolist()]
    county = dice.choose([share for _, _, share in _COUNTIES], size)
    names = [f"自然人 {token[:6]}…" for token in ids]
    regions = [_COUNTIES[c][0] for c in county.tolist()]
    columns = _plain("natural person", ids, names, regions, _statuses(dice, size))
    columns["tags"] = [_PERSON_TAGS[t] for t in dice.below(len(_PERSON_TAGS), size).tolist()]
    return columns


def _others(dice: _Dice, size: int) -> Columns:
    county = dice.choose([share for _, _, share in _COUNTIES], size).tolist()
    what = [_OTHERS[w] for w in dice.below(len(_OTHERS), size).tolist()]
    regions = [_COUNTIES[c][0] for c in county]
    numbers = range(1, size + 1)
    ids = [f"其他-{region}-{number:06}" for number, region in zip(numbers, regions, strict=True)]
    names = [
        f"{_place(c, 2)}示例{word}{number:05}号"
        for number, c, (word, _, _) in zip(numbers, county, what, strict=True)
    ]
    columns = _plain("other", ids, names, regions, _statuses(dice, size))
    columns["industry"] = [industry for _, industry, _ in what]
    columns["tags"] = [tags for _, _, tags in what]
    return columns


def _items() -> list[Item]:
    firms = Scope(kinds=_FIRM_KINDS)
    return [
        Item(
            item, name, basis, category=category, specialties=specialties, department=department,
            applies_to=firms if item == "disclosure" else Scope(tags=(item,)),
        )
        for item, _, name, basis, category, specialties, department in _ITEMS
    ]  # fmt: skip


def _inspectors(dice: _Dice, size: int, firms: list[str]) -> Columns:
    """Inspectors: the first two are generalists who may always go anywhere."""
    order = range(size)
    citywide = [row * _CITYWIDE_SHARE % 100 < _CITYWIDE_SHARE or row % 40 < 2 for row in order]
    regions = _work_regions(dice, citywide)
    holdings = dice.choose([share for _, share in _HOLDINGS], size).tolist()
    expires = [AS_OF + timedelta(days=days) for days in dice.below(4 * 365, size).tolist()]
    capacities: list[int | None] = [_CAPACITIES[c] for c in dice.below(len(_CAPACITIES), size)]
    conflicts: list[tuple[str, ...]] = [()] * size
    free = max(size - 2, 0)
    for row in (2 + dice.pick(size * _EXPIRED_SHARE // 1000, free)).tolist():
        expires[row] = AS_OF - timedelta(days=1 + int(dice.below(300, 1)[0]))
    for row in [*range(min(2, size)), *(2 + dice.pick(size * _UNLIMITED_SHARE // 100, free))]:
        capacities[row] = None
    for row in (2 + dice.pick(size * _CONFLICTED_SHARE // 100, free)).tolist():
        known = dice.below(len(firms), 1 + int(dice.below(4, 1)[0])).tolist()
        conflicts[row] = tuple(sorted({firms[firm] for firm in known}))
    county = {code: name for code, name, _ in _COUNTIES}
    return {
        "id": [f"inspector-{row + 1:05}" for row in order],
        "name": [f"示例检查员{row + 1:04}" for row in order],
        "department": [f"{county[own[0]] if own else CITY_NAME}市场监督管理局" for own in regions],
        "regions": regions,
        "specialties": [
            _EVERYTHING if row % 40 < 2 else _HOLDINGS[holdings[row]][0] for row in order
        ],
        "certificate": [f"示例-9901-{row + 1:05}" for row in order],
        "certificate_expires": expires,
        "capacity": capacities,
        "conflicts": conflicts,
    }


def _work_regions(dice: _Dice, citywide: list[bool]) -> list[tuple[str, ...]]:
    """Where each may work: everywhere, or a county in proportion to its share of the subjects.

    Some work in the next county too; their own comes first.
    """
    edges = np.cumsum([share for _, _, share in _COUNTIES])
    local = citywide.count(False)
    middles = (2 * np.arange(local) + 1) * int(edges[-1]) // (2 * max(local, 1))
    homes = iter(np.searchsorted(edges, middles, side="right").tolist())
    neighbours = iter(dice.percent(_NEIGHBOUR_SHARE, local).tolist())
    regions: list[tuple[str, ...]] = []
    for everywhere in citywide:
        home = -1 if everywhere else next(homes)
        both = False if everywhere else next(neighbours)
        codes = [_COUNTIES[home][0], _COUNTIES[(home + 1) % len(_COUNTIES)][0]]
        regions.append(() if everywhere else tuple(codes[: 1 + both]))
    return regions


def _history(dice: _Dice, firms: Columns) -> Columns:
    """Past draws of the 18 months before `AS_OF`, each on an item that applies to the firm."""
    rows = dice.pick(len(firms["id"]) * _HISTORY_SHARE // 100, len(firms["id"]))
    months = len(_HISTORY_MONTHS)
    first = dice.below(months, len(rows))
    again = dice.percent(_AGAIN_SHARE, len(rows))
    second = (first + 1 + dice.below(months - 1, len(rows))) % months
    words = {item: word for item, word, *_ in _ITEMS}
    rows, when = np.concatenate([rows, rows[again]]), np.concatenate([first, second[again]])
    columns: Columns = {"subject": [], "drawn_on": [], "task": []}
    for row, at, part in _rows(rows, when, dice.below(1 << 30, len(rows))):
        items = ("disclosure", *firms["tags"][row])
        year, month = _HISTORY_MONTHS[at]
        columns["subject"].append(firms["id"][row])
        columns["drawn_on"].append(date(year, month, _HISTORY_DAY))
        columns["task"].append(f"{year}-{month:02}-{words[items[part % len(items)]]}")
    return columns
