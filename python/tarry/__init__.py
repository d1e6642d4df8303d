"""Spiking networks with learned delays: exact gradients, integer programs, the same spikes everywhere."""
