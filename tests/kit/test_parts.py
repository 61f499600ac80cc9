import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.kit.parts import (
    MAX_OBJECT_SIZE,
    MAX_PART_SIZE,
    MAX_PARTS,
    MIB,
    MIN_PART_SIZE,
    plan_parts,
)

sizes = st.integers(0, MAX_OBJECT_SIZE)
preferences = st.integers(1, 2 * MAX_PART_SIZE)


class TestPlanParts:
    @given(sizes, preferences)
    @example(MAX_OBJECT_SIZE, 1)
    def test_keeps_every_limit_of_s3(self, size, preferred):
        plan = plan_parts(size, preferred)
        assert MIN_PART_SIZE <= plan.part_size <= MAX_PART_SIZE
        assert 1 <= plan.part_count <= MAX_PARTS

    @given(st.integers(0, 200 * MIB), st.integers(MIN_PART_SIZE, 16 * MIB))
    def test_parts_add_up_to_the_file_and_only_the_last_is_shorter(self, size, preferred):
        plan = plan_parts(size, preferred)
        lengths = [plan.length(number) for number in range(1, plan.part_count + 1)]
        assert sum(lengths) == size
        assert set(lengths[:-1]) <= {plan.part_size}

    @given(sizes)
    def test_the_last_part_holds_the_rest(self, size):
        plan = plan_parts(size, 16 * MIB)
        assert plan.length(plan.part_count) == size - (plan.part_count - 1) * plan.part_size

    def test_takes_the_preferred_size_when_10_000_parts_suffice(self):
        assert plan_parts(10_000 * 16 * MIB, 16 * MIB).part_size == 16 * MIB

    def test_grows_by_whole_mebibytes_when_they_do_not(self):
        assert plan_parts(10_000 * 16 * MIB + 1, 16 * MIB).part_size == 17 * MIB

    def test_an_empty_file_is_one_empty_part(self):
        plan = plan_parts(0, 16 * MIB)
        assert (plan.part_count, plan.length(1)) == (1, 0)

    @pytest.mark.parametrize("size", [-1, MAX_OBJECT_SIZE + 1])
    def test_refuses_what_s3_cannot_hold(self, size):
        with pytest.raises(ValueError, match="between 0 and"):
            plan_parts(size, 16 * MIB)


@pytest.mark.parametrize("number", [-1, 0, 3])
def test_there_is_no_length_beyond_the_last_part(number):
    with pytest.raises(ValueError, match="from 1 to 2"):
        plan_parts(6 * MIB, MIN_PART_SIZE).length(number)
