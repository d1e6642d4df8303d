"""The integer rules once more: slow, obvious, independent of the compiler and of the Rust engine.

What the Processor does must equal this to the bit (docs/semantics.md).
"""

from .clocked import Clocked as Clocked
from .event import Neurons as Neurons
from .event import Recording as Recording
from .event import Spike as Spike
from .event import State as State
from .event import Synapse as Synapse
from .event import simulate as simulate
from .event import tables as tables
from .network import Outcome as Outcome
from .network import simulate_clocked as simulate_clocked
