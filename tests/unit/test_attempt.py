"""When a wave that a worker has begun is taken for lost."""

import pytest

from pgfleet.tasks.support.wave_attempt import STARTING_SECONDS, Attempt, Observation, Stage

SILENCE_SECONDS = 60.0


def seen(*looks: tuple[float, Observation]) -> Attempt:
    attempt = Attempt(0.0)
    for now_seconds, sight in looks:
        attempt.see(sight, now_seconds)
    return attempt


RUNNING = Observation(stage=Stage.RUNNING, beats=1)


@pytest.mark.parametrize(("now_seconds", "is_lost"), [(70.0, False), (71.0, True)])
def test_a_wave_is_lost_once_it_was_silent_for_longer_than_it_may(now_seconds: float, is_lost: bool) -> None:
    attempt = seen((10.0, RUNNING), (40.0, RUNNING), (69.0, RUNNING))
    assert attempt.is_lost(SILENCE_SECONDS, now_seconds) is is_lost


def test_every_beat_is_a_sign_of_life() -> None:
    attempt = seen(*((float(10 * beats), Observation(stage=Stage.RUNNING, beats=beats)) for beats in range(100)))
    assert not attempt.is_lost(SILENCE_SECONDS, 1_000.0)


def test_a_wave_that_nobody_took_up_is_not_lost() -> None:
    assert not seen((1.0, Observation(stage=Stage.WAITING))).is_lost(SILENCE_SECONDS, 1e6)


@pytest.mark.parametrize(("after_seconds", "is_lost"), [(STARTING_SECONDS + 50, False), (STARTING_SECONDS + 61, True)])
def test_a_worker_has_time_to_begin_what_it_took_up(after_seconds: float, is_lost: bool) -> None:
    attempt = seen((100.0, Observation(stage=Stage.STARTING)))
    assert attempt.is_lost(SILENCE_SECONDS, 100.0 + after_seconds) is is_lost


def test_silence_while_nobody_could_listen_does_not_count() -> None:
    attempt = seen((1.0, RUNNING))
    attempt.excuse(300.0)
    assert not attempt.is_lost(SILENCE_SECONDS, 301.0)


@pytest.mark.parametrize("stage", [Stage.ENDED, Stage.CRASHED])
def test_a_wave_that_has_ended_is_not_lost_by_its_silence(stage: Stage) -> None:
    assert not seen((1.0, Observation(stage=stage))).is_lost(SILENCE_SECONDS, 1e6)
