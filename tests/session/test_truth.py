"""The oracle of generated notebooks tells equal states from others."""

from __future__ import annotations

from typing import Any

from tests.session.truth import truth

CLASSES = """
class Meta(type):
    def __hash__(cls):
        return order.index(cls.__name__)
class A(metaclass=Meta): pass
class B(metaclass=Meta): pass
s = {A, B}, frozenset({B, A})
"""


def test_the_order_of_classes_in_a_set_is_no_part_of_the_truth() -> None:
    forms = []
    for order in ("AB", "BA"):
        namespace: dict[str, Any] = {"__name__": "__main__", "order": order}
        exec(CLASSES, namespace)
        assert [one.__name__ for one in namespace["s"][0]] == list(order)
        forms.append(truth({"s": namespace["s"]}, namespace))
    assert forms[0] == forms[1]
