"""Stages of a building's life."""

import pytest

from registry.errors import RegistryError, StageError
from registry.stages import get_stage, load_stages


def test_the_stages_stand_in_the_order_of_a_buildings_life():
    codes = [stage.code for stage in load_stages()]
    life = ["design", "construction_permit", "setting_out", "completion_survey", "acceptance", "presale", "transaction"]
    assert [code for code in codes if code in life] == life
    assert (codes[0], codes[-2:]) == ("design", ["registration", "demolition"])
    assert [stage.order for stage in load_stages()] == list(range(len(codes)))


def test_every_stage_has_its_own_name_in_both_languages():
    stages = load_stages()
    assert all(stage.name.zh and stage.name.en for stage in stages)
    assert len({stage.code for stage in stages}) == len({stage.name.zh for stage in stages}) == len(stages)


def test_a_stage_is_found_by_its_code():
    assert get_stage("design").name.zh == "设计"


def test_an_unknown_stage_names_those_that_are_near():
    with pytest.raises(StageError, match="“desing” is no stage; known are design") as caught:
        get_stage("desing")
    assert "transaction" not in str(caught.value)
    assert caught.value.name == "desing"


def test_a_stage_like_no_other_names_them_all():
    with pytest.raises(StageError) as caught:
        get_stage("七")
    assert all(stage.code in str(caught.value) for stage in load_stages())


def test_a_stage_error_is_a_lookup_error():
    assert issubclass(StageError, (LookupError, RegistryError))
