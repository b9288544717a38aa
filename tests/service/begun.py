"""Jobs of tests that say when they have begun."""


def wait_for(begun, jobs=1):
    """Until so many have told so through one FIFO: some may tell at once."""
    told = ""
    while told.count("\n") < jobs:
        told += begun.read_text()
    assert told == "begun\n" * jobs
