"""The office (机关): everything before and after the draw that the rules ask for.

Values and pure functions, with the ledger as their memory.
"""
