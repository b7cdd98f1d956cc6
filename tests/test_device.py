import pytest
import torch

from coursekit.device import by_size, device_name, one_thread, pick_device, size

pytestmark = pytest.mark.quick


def test_the_switch_decides(monkeypatch):
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    for wanted in ("tiny", "cpu", "gpu"):
        monkeypatch.setenv("COURSEKIT_SIZE", wanted)
        assert size() == wanted
    assert by_size(tiny=1, cpu=2, gpu=3) == 3
    assert by_size(tiny=1, cpu=2) == 2
    monkeypatch.delenv("COURSEKIT_SIZE")
    assert size() == ("gpu" if torch.cuda.is_available() else "cpu")


def test_grading_is_tiny_whatever_the_switch_says(monkeypatch):
    monkeypatch.setenv("COURSEKIT_SIZE", "gpu")
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert size() == "tiny"


def test_an_unknown_size_is_refused(monkeypatch):
    monkeypatch.setenv("COURSEKIT_SIZE", "huge")
    with pytest.raises(ValueError, match=r"'huge'.*tiny, cpu, gpu"):
        size()


def test_the_device_has_a_name():
    assert pick_device().type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert device_name()


def test_a_small_stack_computes_on_one_thread_and_gives_the_others_back():
    before = torch.get_num_threads()
    with one_thread(torch.device("cpu")):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
    with pytest.raises(KeyError), one_thread(torch.device("cpu")):
        raise KeyError
    assert torch.get_num_threads() == before
    with one_thread(torch.device("cuda")):
        assert torch.get_num_threads() == before
