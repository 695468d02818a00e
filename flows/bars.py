"""Owns the bars of a case in Prefect's graph: one task run for every step, from opened to done.

Never reads a task run as truth: the store's history says what happened, the bars only show it.
"""

from datetime import datetime
from uuid import UUID

from prefect.client.schemas.objects import State, StateType, TaskRun
from prefect.events import emit_event
from prefect.states import to_state_create
from prefect.types._datetime import now

from flows.parking import prefect_client
