"""What a sheet of each kind holds: its columns, their headers, and the words of their cells.

Rules enforced here:
1. A header or a word is found by its exact form after NFKC, without blanks and case; a word that is
   in no list is refused, never guessed.
2. A column's name in the registry is a header as well, and each word of ours stands for itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from randcheck.models import CATEGORIES, RISK_CLASSES, ROLES, SUBJECT_KINDS
from randcheck.registry import InspectorRegistry, ItemCatalog, Registry, SubjectRegistry

#: What the key of a template's example row begins with.
EXAMPLE = "示例"

#: Sheets of ours that hold no data: instructions, regions, the list of problems. Like headers and
#: words, their names are Chinese in every language: an import knows them again.
GUIDE, REGIONS, LIST = "填写说明", "地区", "问题清单"

#: The column of explanations in a CSV answer; an import passes over it.
EXPLANATION = "导入说明"


def plain(text: str) -> str:
    """A header or word without what does not matter.

    >>> plain(" Ａ 类 ")
    'a类'
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if not char.isspace() and char not in "\u200b\ufeff*")


@frozen
class Words:
    """Our words, each with those that stand for it; the first of them is what a template offers."""

    of: Mapping[str, tuple[str, ...]]
    empty: tuple[str, ...] = ()

    @property
    def offered(self) -> tuple[str, ...]:
        return tuple(names[0] for names in self.of.values())

    def table(self) -> dict[str, str | None]:
        """What each written word means, `None` for one that says that nothing is known."""
        known: dict[str, str | None] = {plain(name): None for name in self.empty}
        for word, names in self.of.items():
            known |= dict.fromkeys(map(plain, (word, *names)), word)
        return known


KINDS = Words(
    dict(
        zip(
            SUBJECT_KINDS,
            (
                ("企业", "公司", "企业法人"),
                ("个体工商户", "个体", "个体户"),
                ("农民专业合作社", "合作社", "农专社"),
                ("自然人",),
                ("附属客体", "附属对象", "客体"),
                ("其他", "其它"),
            ),
            strict=True,
        )
    )
)
RISKS = Words(
    dict(
        zip(
            RISK_CLASSES,
            (
                ("A类", "A级", "低", "低风险", "信用风险低", "A类(低)", "低(A类)", "低风险(A类)"),
                ("B类", "B级", "一般", "一般风险", "信用风险一般", "B类(一般)", "一般(B类)",
                 "一般风险(B类)"),
                ("C类", "C级", "较高", "较高风险", "信用风险较高", "C类(较高)", "较高(C类)",
                 "较高风险(C类)"),
                ("D类", "D级", "高", "高风险", "信用风险高", "D类(高)", "高(D类)", "高风险(D类)"),
            ),
            strict=True,
        )
    ),
    empty=("未分类", "未评定", "未知", "无"),
)  # fmt: skip
CATEGORY = Words(
    dict(
        zip(
            CATEGORIES,
            (("一般", "一般检查事项", "一般事项"), ("重点", "重点检查事项", "重点事项")),
            strict=True,
        )
    )
)
ROLE = Words(
    dict(
        zip(
            ROLES,
            (("执法检查人员", "执法人员", "检查人员"), ("专家", "检查专家")),
            strict=True,
        )
    )
)
STATUS = Words(
    {
        "active": ("存续", "在业", "开业", "在营", "正常", "在营(开业)企业",
                   "存续(在营、开业、在册)"),
        "suspended": ("停业", "歇业"),
        "revoked": ("吊销", "吊销未注销", "吊销,未注销"),
        "cancelled": ("注销", "已注销"),
    }
)  # fmt: skip
DOCUMENT = Words(
    {
        "natural person": ("居民身份证", "身份证", "公民身份号码"),
        "passport": ("护照",),
        "foreign permanent resident": ("外国人永久居留身份证", "外国人永久居留证"),
        "travel permit": ("港澳居民来往内地通行证", "台湾居民来往大陆通行证", "通行证"),
    }
)


@frozen
class Column:
    """A column: its field, its header, other headers, and what its cells hold.

    `type` is `"id"`, `"text"`, `"word"`, `"texts"` (a set), `"words"`, `"date"`, `"count"`,
    `"periods"` or `"dated ids"`. The note says what `HOW` does not; people read both translated.
    """

    name: str
    header: str
    others: tuple[str, ...]
    type: str
    note: str
    example: Any = ""
    required: bool = field(default=False, kw_only=True)
    words: Words | None = field(default=None, kw_only=True)
    few: bool = field(default=True, kw_only=True)

    @property
    def headers(self) -> tuple[str, ...]:
        return (self.header, *self.others, self.name)


@frozen
class SheetKind:
    """A kind of sheet: what it makes, and of which columns. The first column is the key.

    `given` are fields that are the same for all of its rows.
    """

    name: str
    title: str
    table: type[Registry[Any]]
    columns: tuple[Column, ...]
    given: Mapping[str, Any] = field(factory=dict)

    @property
    def key(self) -> Column:
        return self.columns[0]

    @property
    def private(self) -> bool:
        return self.key.name == "identity"

    def by_header(self) -> dict[str, Column]:
        """The column that each header names."""
        return {plain(header): column for column in self.columns for header in column.headers}


_SEVERAL = "Put a semicolon between several."

#: How cells of a type are filled in.
HOW: Mapping[str, str] = {
    "id": "As text, so that no digit is lost.",
    "texts": _SEVERAL,
    "words": _SEVERAL,
    "date": "A real date, such as 2026-07-01.",
    "count": "A whole number from 0.",
    "periods": "First/last day, both included: 2026-07-01/2026-07-14；2026-08-01/2026-08-02.",
    "dated ids": "Id=last day: 91990102MA00000001=2024-05-31.",
}

_RARE = "Empty means the default, * means no limit."
_RARE_CODES = "How their codes begin; empty means the default, * means no limit."

_NAME = Column("name", "名称", ("企业名称", "主体名称", "市场主体名称", "单位名称", "字号名称"),
               "text", "Its full name.", "示例有限公司", required=True, few=False)  # fmt: skip
_REGION = Column("region", "行政区划代码", ("行政区划", "区划代码", "所属区划", "地区", "地区代码"),
                 "text", "A code of six digits or more, as text.", "990102",
                 required=True)  # fmt: skip
_TAGS = Column("tags", "标签", ("重点领域", "行业标签", "领域标签"), "texts",
               "Key areas or industries.", "food；retail")  # fmt: skip
_RISK = Column("risk_class", "信用风险等级", ("信用风险分类", "风险等级", "风险分类", "风险类别",
               "企业信用风险分类"), "word",
               "A low, B general, C higher, D high; leave it empty rather than guess.", "B类",
               words=RISKS)  # fmt: skip
_STATUS = Column("status", "登记状态", ("状态", "经营状态", "主体状态", "存续状态"), "word",
                 "Empty means active.", "存续", words=STATUS)  # fmt: skip
_STREET = Column(
    "street", "街道", ("所属街道", "乡镇街道", "街道乡镇"), "text", "Where in the region."
)
_ADDRESS = Column("address", "地址", ("住所", "经营场所", "详细地址", "住所地址"), "text",
                  "Inspections of one subject at one address are one visit.", "示例街道1号",
                  few=False)  # fmt: skip
_SCORE = Column("risk_score", "风险分值", ("信用风险分值", "风险得分"), "count",
                "The higher, the greater the risk.")  # fmt: skip

SUBJECTS = SheetKind(
    "subjects",
    "检查对象",
    SubjectRegistry,
    (
        Column("id", "主体编号", ("检查对象编号", "对象编号", "主体代码", "编号"), "id",
               "One a row, none twice; mostly the unified social credit code.",
               required=True, few=False),
        _NAME,
        Column("kind", "主体类型", ("市场主体类型", "对象类型", "检查对象类型", "类型"), "word",
               "Empty means a firm.", "企业", words=KINDS),
        _REGION,
        Column("industry", "行业代码", ("国民经济行业代码", "行业", "行业类别"), "text",
               "A code of GB/T 4754, as text.", "F5211"),
        _TAGS,
        _RISK,
        _STATUS,
        Column("credit_code", "统一社会信用代码", ("社会信用代码", "信用代码",
               "统一社会信用代码/注册号"), "id", "Of 18 characters, which are checked.", few=False),
        _STREET,
        _ADDRESS,
        _SCORE,
        Column("owner", "所属主体编号", ("所属主体", "归属主体编号"), "id",
               "Of attached objects alone: the subject that it belongs to.", few=False),
    ),
)  # fmt: skip

OBJECTS = SheetKind(
    "objects",
    "附属客体",
    SubjectRegistry,
    (
        Column("id", "客体编号", ("附属客体编号", "设备编号", "设备代码", "使用登记证编号", "编号"),
               "id", "One a row, none twice, such as the code of an elevator.", required=True,
               few=False),
        Column("name", "客体名称", ("附属客体名称", "设备名称", "名称"), "text",
               "Such as: elevator no. 1.", "示例电梯", required=True, few=False),
        Column("owner", "所属主体编号", ("所属主体", "使用单位编号", "归属主体编号",
               "使用单位统一社会信用代码", "所属主体统一社会信用代码"), "id",
               "The id of the subject that it belongs to.", "91990102MA00000001",
               required=True, few=False),
        _REGION,
        Column("tags", "标签", ("客体类别", "设备类别", "设备种类"), "texts",
               "Such as: special-equipment.", "special-equipment"),
        _RISK,
        _STATUS,
        _STREET,
        _ADDRESS,
        _SCORE,
    ),
    {"kind": "attached object"},
)  # fmt: skip

PERSONS = SheetKind(
    "persons",
    "自然人",
    SubjectRegistry,
    (
        Column("identity", "证件号码", ("身份证号", "身份证号码", "公民身份号码", "证件号"), "id",
               "The import makes it a keyed pseudonym; the number is neither kept nor shown.",
               required=True, few=False),
        Column("document", "证件类型", ("证件种类",), "word",
               "Empty means a resident's identity card.", "居民身份证", words=DOCUMENT),
        Column("name", "姓名", ("名称",), "text", "Not kept, unless the import is told to.",
               "示例人员", few=False),
        _REGION,
        _TAGS,
        _RISK,
        _STATUS,
        _STREET,
        Column("address", "地址", ("住所", "经营场所", "住址"), "text", "Where the business is.",
               few=False),
        _SCORE,
    ),
    {"kind": "natural person"},
)  # fmt: skip

INSPECTORS = SheetKind(
    "inspectors",
    "执法检查人员",
    InspectorRegistry,
    (
        Column("id", "人员编号", ("执法人员编号", "检查人员编号", "工号", "编号"), "id",
               "One person a row, none twice; no identity numbers.", required=True, few=False),
        Column("name", "姓名", ("人员姓名",), "text", "", "示例人员", required=True, few=False),
        Column("department", "所属部门", ("部门", "单位", "所在单位", "执法机构"), "text", "",
               "市场监管局", required=True),
        Column("certificate", "执法证号", ("执法证件号", "执法证编号", "证件编号", "行政执法证号"),
               "id", "", "SL-0001", required=True, few=False),
        Column("certificate_expires", "执法证有效期至", ("证件有效期", "有效期至", "执法证有效期"),
               "date", "It is valid on that day still.", "2027-12-31", required=True),
        Column("regions", "可检查地区", ("检查区域", "执法区域", "工作区域"), "texts",
               "How codes of regions begin; empty means all.", "9901"),
        Column("specialties", "专业", ("专长", "专业特长", "业务专长"), "texts", "", "food"),
        Column("capacity", "最多检查户数", ("检查上限", "工作量上限"), "count",
               "How many subjects of one draw at most; empty means no limit.", 20),
        Column("qualifications", "资格", ("资质",), "texts", "Such as: may lead a team."),
        Column("trainings", "已完成培训", ("培训", "培训记录"), "texts", ""),
        Column("leave", "请假", ("休假", "请假期间"), "periods", ""),
        Column("assigned", "跨区域调派", ("调派地区",), "texts", "Codes of the regions lent to."),
        Column("role", "人员类别", ("类别", "角色"), "word", "Empty means an inspector.",
               "执法检查人员", words=ROLE),
        Column("conflicts", "回避主体编号", ("回避对象", "回避"), "texts",
               "Ids of subjects not to be inspected."),
        Column("kin", "亲属经营主体编号", ("亲属主体",), "texts",
               "Ids of subjects that relatives run."),
        Column("interests", "利益关系主体编号", ("利害关系主体",), "texts",
               "Ids of subjects with an interest in."),
        Column("employers", "任职经历", ("工作经历", "任职单位"), "dated ids",
               "Ids of subjects worked for, with the last day there."),
        Column("street", "居住街道", ("住所街道",), "text", "Where this person lives."),
    ),
)  # fmt: skip

ITEMS = SheetKind(
    "items",
    "抽查事项",
    ItemCatalog,
    (
        Column("id", "事项编号", ("事项代码", "抽查事项编号", "编号"), "id",
               "One a row, none twice.", required=True, few=False),
        Column("name", "事项名称", ("抽查事项", "检查事项", "抽查事项名称", "名称"), "text", "",
               "示例事项", required=True, few=False),
        Column("basis", "检查依据", ("法律依据", "抽查依据", "依据"), "text",
               "An article of a law or rule; an item without a basis cannot be listed.",
               "《示例法》第一条", required=True),
        Column("category", "事项类别", ("类别", "事项类型"), "word", "Empty means general.", "一般",
               words=CATEGORY),
        Column("specialties", "所需专业", ("专业要求", "专业"), "texts",
               "Each must be held by somebody of the team."),
        Column("department", "检查部门", ("部门", "检查主体", "责任部门"), "text", "",
               "市场监管局"),
        Column("applies_to.regions", "适用地区", (), "texts", _RARE_CODES),
        Column("applies_to.kinds", "适用主体类型", ("检查对象类型",), "words", _RARE, "企业",
               words=KINDS),
        Column("applies_to.industries", "适用行业", (), "texts", _RARE_CODES),
        Column("applies_to.tags", "适用标签", (), "texts", _RARE),
        Column("applies_to.risk_classes", "适用风险等级", (), "words", _RARE, words=RISKS),
        Column("applies_to.ids", "适用主体编号", (), "texts",
               "Particular subjects; empty means the default, * means no limit."),
        Column("applies_to.statuses", "适用登记状态", (), "words",
               "Empty means active ones, * means no limit.", words=STATUS),
    ),
)  # fmt: skip

#: By name: what `write_template` and `import_file` know.
SHEETS: Mapping[str, SheetKind] = {
    kind.name: kind for kind in (SUBJECTS, PERSONS, OBJECTS, INSPECTORS, ITEMS)
}


def required_headers(columns: Iterable[Column]) -> list[str]:
    """The headers that a sheet must have."""
    return [column.header for column in columns if column.required]
