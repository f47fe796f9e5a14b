from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from ensession.display import environment_table, to_text
from ensession.environments import differences, distributions, imported, why_incomparable
from ensession.model import DifferenceKind, Environment

PACKAGES = {"numpy": "2.4.6", "scikit-learn": "1.8.0", "pip": "23.2", "typing-extensions": "4.1"}
VERSIONS = st.dictionaries(st.sampled_from([*PACKAGES, "torch"]), st.sampled_from(["1", "2", "3"]))


def an_environment(
    python: str = "3.11.7", packages: Mapping[str, str] = PACKAGES, platform: str = "Linux"
) -> Environment:
    return Environment(python, "cpython", platform, "host", 1, "/somewhere", packages)


def test_the_same_environment_on_another_host_does_not_differ() -> None:
    here = Environment("3.11.7", "cpython", "Linux", "elsewhere", 2, "/", PACKAGES)
    assert differences(an_environment(), here) == ()


def test_python_comes_first_then_the_platform_then_missing_and_other_versions_of_what_is_used() -> None:
    packages = {"numpy": "2.3.0", "pip": "24.0", "typing_extensions": "4.1"}
    found = differences(an_environment(), an_environment("3.13.0", packages, "macOS"), {"numpy", "scikit-learn"})
    assert [(one.name, one.here) for one in found] == [
        ("Python", "3.13.0"),
        ("platform", "macOS"),
        ("scikit-learn", None),
        ("numpy", "2.3.0"),
        ("pip", "24.0"),
    ]
    assert found[-1].kind is DifferenceKind.OTHER


@given(VERSIONS, VERSIONS, st.sets(st.sampled_from([*PACKAGES, "torch"])))
def test_every_package_with_another_version_or_none_is_told_once(
    recorded: dict[str, str], here: dict[str, str], used: set[str]
) -> None:
    found = differences(an_environment(packages=recorded), an_environment(packages=here), used)
    assert sorted(one.name for one in found) == sorted(n for n, v in recorded.items() if here.get(n) != v)
    assert all((one.kind is DifferenceKind.USED) == (one.name in used) for one in found)


def test_a_bug_fix_release_of_python_and_unused_packages_do_not_hinder_a_comparison() -> None:
    found = differences(an_environment(), an_environment("3.11.9", {**PACKAGES, "pip": "24"}), {"numpy"})
    assert len(found) == 2
    assert why_incomparable(found) is None


def test_another_minor_version_and_used_packages_hinder_a_comparison() -> None:
    found = differences(an_environment(), an_environment("3.12.1", {**PACKAGES, "numpy": "2.3"}), {"numpy"})
    assert why_incomparable(found) == "Python 3.11.7 there, 3.12.1 here; numpy 2.4.6 there, 2.3 here"


def test_imports_are_found_in_cells_that_are_not_python() -> None:
    cells = [
        "%matplotlib inline\nimport numpy as np, pandas.api as api\n",
        "!ls\nfrom sklearn.svm import SVC",
        "x = 'import y'",
    ]
    assert imported([*cells, "if x:\n    import torch", "from . import z", "important = 1"]) == {
        "numpy",
        "pandas",
        "sklearn",
        "torch",
    }


def test_packages_are_known_by_the_distribution_they_come_from() -> None:
    names = {"numpy": ["numpy"], "typing_extensions": ["typing_extensions"]}
    found = distributions(["numpy", "typing_extensions", "sklearn", "unheard_of"], names)
    assert found == {"numpy", "typing-extensions", "scikit-learn", "unheard-of"}


def test_the_table_says_what_matters_and_counts_the_rest() -> None:
    many = {f"package{n}": "1" for n in range(9)}
    recorded, here = an_environment(packages={**many, "numpy": "2"}), an_environment("3.13.0", {})
    text = to_text(environment_table(differences(recorded, here, {"numpy"})))
    assert "numpy" in text
    assert "MISSING" in text
    assert "compiled from their source" in text
    assert "package5 and 3 more" in text
