"""Spiking networks with learned delays: exact gradients, integer programs, the same spikes everywhere."""

from ._core import Snapshot as Snapshot
from .capacities import traced_capacities as traced_capacities
from .compiler import FirstSpikes as FirstSpikes
from .compiler import compile_network as compile
from .compiler.partition import Partition as Partition
from .compiler.partition import partition as partition
from .integer_neurons import DeltaLif as DeltaLif
from .integer_neurons import IntegerAdaptation as IntegerAdaptation
from .integer_neurons import LoihiLif as LoihiLif
from .integer_neurons import ShiftLif as ShiftLif
from .network import Network as Network
from .network import Population as Population
from .network import Projection as Projection
from .neurons import Adaptation as Adaptation
from .neurons import Integrator as Integrator
from .neurons import Lif as Lif
from .partitioned import PartitionedProcessor as PartitionedProcessor
from .platforms import finest_tick as finest_tick
from .platforms import obstacles as obstacles
from .platforms import platform as platform
from .platforms import platforms as platforms
from .processor import Batch as Batch
from .processor import Processor as Processor
from .processor import Slice as Slice
from .program import CompileReport as CompileReport
from .program import Program as Program
from .realtime import RealtimeLoop as RealtimeLoop
from .simulate import Report as Report
from .simulate import simulate as simulate

__all__ = [
    "Adaptation",
    "Batch",
    "CompileReport",
    "DeltaLif",
    "FirstSpikes",
    "IntegerAdaptation",
    "Integrator",
    "Lif",
    "LoihiLif",
    "Network",
    "Partition",
    "PartitionedProcessor",
    "Population",
    "Processor",
    "Program",
    "Projection",
    "RealtimeLoop",
    "Report",
    "ShiftLif",
    "Slice",
    "Snapshot",
    "compile",
    "finest_tick",
    "obstacles",
    "partition",
    "platform",
    "platforms",
    "simulate",
    "traced_capacities",
]
