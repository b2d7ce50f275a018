"""One budget of jobs and memory for everything that runs, whatever build tools started it."""

from wheelforge.broker.admission import FETCHES_AT_ONCE, Broker, JobBroker, Lease, Wish
from wheelforge.broker.keeper import Keeper
from wheelforge.broker.seat import Failure, Seat

__all__ = ["FETCHES_AT_ONCE", "Broker", "Failure", "JobBroker", "Keeper", "Lease", "Seat", "Wish"]
