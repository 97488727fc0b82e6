"""What a job takes of an application's capacity: workers, sizes and defaults as AWS has them."""

from __future__ import annotations

import pytest

from local.emr_admission import Admission, CapacityExceeded
from local.emr_capacity import (
    Capacity,
    Need,
    NeverStarts,
    check_executors,
    exceeded,
    maximum,
    need_of,
    worker,
)
from local.spark_submit import BadRequest

DYNAMIC = "spark.dynamicAllocation."
SMALL = {
    "spark.driver.cores": "2",
    "spark.driver.memory": "6g",
    "spark.executor.cores": "2",
    "spark.executor.memory": "6g",
}
ONE = {"spark.executor.instances": "1", f"{DYNAMIC}initialExecutors": "1"}


def test_what_is_not_said_is_emrs_default_a_driver_and_three_executors_of_four_vcpu() -> None:
    need = need_of({})

    # 14 GB and a tenth, rounded up.
    assert need.driver == Capacity(4, 16, 20)
    assert need.executors == Capacity(12, 48, 60)


@pytest.mark.parametrize(
    ("more", "executors"),
    [
        ({}, 3),
        ({"spark.executor.instances": "1"}, 3),
        ({f"{DYNAMIC}initialExecutors": "1"}, 3),
        (ONE, 1),
        (ONE | {f"{DYNAMIC}minExecutors": "2"}, 2),
        (ONE | {f"{DYNAMIC}initialExecutors": "5"}, 5),
        ({f"{DYNAMIC}enabled": "false", "spark.executor.instances": "2"}, 2),
        ({f"{DYNAMIC}enabled": "false"}, 3),
    ],
)
def test_a_job_starts_with_the_largest_of_what_is_said_and_of_three(
    more: dict[str, str], executors: int
) -> None:
    # 6 GB and a tenth is 6.6 GB: a worker of 7.
    expected = Capacity(2 + 2 * executors, 7 + 7 * executors, 20 + 20 * executors)
    assert need_of(SMALL | more).whole == expected


@pytest.mark.parametrize(
    ("cores", "memory", "gb"),
    [
        ("1", "1g", 2),  # the overhead is 384 MiB at least; 1.4 GB
        ("1", "7g", 8),
        ("2", "512m", 4),  # the smallest of its vCPU
        ("4", "27g", 30),
        ("8", "20g", 24),  # 22 GB, in steps of 4
        ("16", "40g", 48),  # 44 GB, in steps of 8
        ("2", "6144m", 7),
    ],
)
def test_a_worker_is_rounded_up_to_a_size_that_there_is(cores: str, memory: str, gb: int) -> None:
    told = {"spark.executor.cores": cores, "spark.executor.memory": memory}

    assert worker(told, "executor") == Capacity(int(cores), gb, 20)


def test_an_overhead_and_a_disk_that_are_said_count() -> None:
    told = SMALL | {
        "spark.executor.memoryOverhead": "3g",
        "spark.emr-serverless.executor.disk": "50g",
    }

    assert worker(told, "executor") == Capacity(2, 9, 50)
    assert (
        worker(SMALL | {"spark.emr-serverless.memoryOverheadFactor": "0.5"}, "driver").memory == 9
    )


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"spark.driver.cores": "3"}, "1, 2, 4, 8 or 16 vCPU"),
        ({"spark.executor.cores": "4", "spark.executor.memory": "28g"}, "8 to 30 GB"),
        ({"spark.driver.cores": "1", "spark.driver.memory": "8g"}, "2 to 8 GB"),
        ({"spark.emr-serverless.driver.disk": "10g"}, "20 to 200 GB"),
        ({"spark.driver.memory": "much"}, "no size"),
    ],
)
def test_a_worker_that_there_is_not_is_refused(told: dict[str, str], reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        need_of(told)


def test_a_job_that_starts_with_more_than_it_may_have_never_starts() -> None:
    told = {"spark.executor.instances": "1", f"{DYNAMIC}minExecutors": "1"}

    check_executors(told | {f"{DYNAMIC}maxExecutors": "3"})
    with pytest.raises(NeverStarts) as refusal:
        check_executors(told | {f"{DYNAMIC}maxExecutors": "2"})

    assert str(refusal.value) == (
        "Maximum value of spark.dynamicAllocation.initialExecutors: 3 must be between "
        "spark.dynamicAllocation.minExecutor 1 and spark.dynamicAllocation.maxExecutors 2."
    )


def test_what_goes_over_a_limit_is_listed_in_emrs_words() -> None:
    limit = maximum({"cpu": "8 vCPU", "memory": "32GB", "disk": "100 gb"})

    assert limit == Capacity(8, 32, 100)
    assert exceeded(Capacity(8, 32, 100), limit) == ""
    assert exceeded(Capacity(10, 28, 80), limit) == "[cpu: 8 vCPU]"
    assert exceeded(Capacity(8, 33, 101), limit) == "[memory: 32 GB, disk: 100 GB]"
    assert exceeded(Capacity(1000, 1000, 1000), maximum(None)) == ""
    assert exceeded(Capacity(4, 16, 10_000), maximum({"cpu": "4 vCPU", "memory": "16 GB"})) == ""


class Place:
    """An application of 8 vCPU, and jobs of one driver and one executor of 2 vCPU each."""

    limit = Capacity(8, 32, 100)
    job = Need(Capacity(2, 7, 20), Capacity(2, 7, 20))

    def __init__(self) -> None:
        self.admission = Admission()

    def enter(self, run: str, need: Need = job) -> bool:
        return self.admission.enter("00app", run, need, self.limit)


def test_jobs_enter_while_their_drivers_fit_and_the_next_fails_as_on_emr() -> None:
    place = Place()

    assert [place.enter("a"), place.enter("b")] == [True, True]
    with pytest.raises(CapacityExceeded) as refusal:
        place.enter("c")

    assert str(refusal.value) == (
        "Job failed as application has exceeded maximumCapacity settings: "
        "[cpu: 8 vCPU, memory: 32 GB]"
    )
    place.admission.leave("00app", "a")
    assert place.enter("c")


def test_a_job_whose_driver_fits_waits_for_its_executors_and_holds_its_driver() -> None:
    place = Place()
    assert place.enter("a", Need(Capacity(2, 7, 20), Capacity(4, 14, 40)))

    assert not place.enter("b")
    assert not place.admission.grow("00app", "b", place.job, place.limit)
    with pytest.raises(CapacityExceeded):
        place.enter("c")
    place.admission.leave("00app", "a")

    assert place.admission.grow("00app", "b", place.job, place.limit)


def test_what_fits_in_no_case_fails_at_once() -> None:
    place = Place()

    with pytest.raises(CapacityExceeded) as refusal:
        place.enter("a", Need(Capacity(4, 16, 20), Capacity(12, 48, 60)))

    assert str(refusal.value) == (
        "Job failed due to Worker could not be allocated as the application has exceeded "
        "maximumCapacity settings: [cpu: 8 vCPU, memory: 32 GB]"
    )
    assert place.enter("b")


def test_applications_are_counted_apart() -> None:
    place = Place()
    place.enter("a")
    place.enter("b")

    assert place.admission.enter("00other", "c", place.job, place.limit)
