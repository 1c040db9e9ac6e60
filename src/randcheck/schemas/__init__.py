"""JSON Schemas (draft 2020-12) of everything that is stored or exchanged.

>>> from randcheck import schemas
>>> schemas.schema("commitment")["title"]
'Commitment'
>>> "record" in schemas.names()
True

Rules enforced here:
1. A schema is made of what the checks themselves ask: the forms of `verify`, those of the ledger,
   the fields of facts and steps. What a schema cannot say (digests, order, sums) they alone decide.
2. Keys beyond those named are refused where the protocol says "exactly".
3. The files `docs/schemas/NAME.json` are these schemas, for those who generate code from them.
"""

from randcheck.schemas.documents import names, schema

__all__ = ["names", "schema"]
