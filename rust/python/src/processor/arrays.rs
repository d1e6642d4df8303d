//! Spikes between numpy arrays and the engine: in place where the elements are the engine's own, else through buffers
//! that are kept, so that no call allocates once they have grown.

use crate::error::Error;
use numpy::{
    BorrowError, Element, PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadwriteArray1,
    PyUntypedArrayMethods,
};
use pyo3::prelude::*;
use tarry_core::Spike;

/// Buffers for spikes that are not `u64` and `u32` in their array.
#[derive(Default)]
pub(crate) struct Buffers {
    ticks: Vec<u64>,
    channels: Vec<u32>,
}

/// The arrays of one call.
pub(crate) struct Incoming<'py> {
    times: Column<'py>,
    channels: Column<'py>,
}

impl<'py> Incoming<'py> {
    pub(crate) fn new(times: &Bound<'py, PyAny>, channels: &Bound<'py, PyAny>) -> Result<Self, Error> {
        Ok(Self { times: Column::new(times, "times")?, channels: Column::new(channels, "channels")? })
    }

    /// Ticks and channels as the engine takes them.
    pub(crate) fn spikes<'a>(&'a self, buffers: &'a mut Buffers) -> Result<(&'a [u64], &'a [u32]), Error> {
        let early = |index, tick| format!("spike {index} has tick {tick}; ticks start at 0");
        let unknown =
            |index, channel| format!("spike {index} has channel {channel}; channels are 0 to 2^32 - 1");
        let ticks = match &self.times {
            Column::U64(array) if array.as_slice().is_ok() => array.as_slice().unwrap_or_default(),
            column => column.copy(&mut buffers.ticks, early)?,
        };
        let channels = match &self.channels {
            Column::U32(array) if array.as_slice().is_ok() => array.as_slice().unwrap_or_default(),
            column => column.copy(&mut buffers.channels, unknown)?,
        };
        Ok((ticks, channels))
    }

    /// Ticks and channels of one's own.
    pub(crate) fn owned(&self) -> Result<(Vec<u64>, Vec<u32>), Error> {
        let mut buffers = Buffers::default();
        let (ticks, channels) = self.spikes(&mut buffers)?;
        Ok((ticks.to_vec(), channels.to_vec()))
    }
}

/// A one-dimensional array of integers.
enum Column<'py> {
    I64(PyReadonlyArray1<'py, i64>),
    U64(PyReadonlyArray1<'py, u64>),
    I32(PyReadonlyArray1<'py, i32>),
    U32(PyReadonlyArray1<'py, u32>),
}

impl<'py> Column<'py> {
    fn new(array: &Bound<'py, PyAny>, name: &str) -> Result<Self, Error> {
        let found = if let Ok(array) = array.cast::<PyArray1<i64>>() {
            array.try_readonly().map(Self::I64)
        } else if let Ok(array) = array.cast::<PyArray1<u64>>() {
            array.try_readonly().map(Self::U64)
        } else if let Ok(array) = array.cast::<PyArray1<u32>>() {
            array.try_readonly().map(Self::U32)
        } else if let Ok(array) = array.cast::<PyArray1<i32>>() {
            array.try_readonly().map(Self::I32)
        } else {
            return Err(refused(array, name, "int64", "; uint64, int32 and uint32 will do, too"));
        };
        found.map_err(|_| Error::Argument(format!("{name} are being written by another call")))
    }

    fn copy<'a, T: TryFrom<i64> + TryFrom<u64> + TryFrom<i32> + TryFrom<u32>>(
        &self,
        buffer: &'a mut Vec<T>,
        complaint: impl Fn(usize, String) -> String,
    ) -> Result<&'a [T], Error> {
        match self {
            Self::I64(array) => copy(array, buffer, complaint),
            Self::U64(array) => copy(array, buffer, complaint),
            Self::I32(array) => copy(array, buffer, complaint),
            Self::U32(array) => copy(array, buffer, complaint),
        }
    }
}

fn copy<'a, S: Element + Copy + ToString, T: TryFrom<S>>(
    array: &PyReadonlyArray1<S>,
    buffer: &'a mut Vec<T>,
    complaint: impl Fn(usize, String) -> String,
) -> Result<&'a [T], Error> {
    buffer.clear();
    buffer.reserve(array.len());
    for (index, &value) in array.as_array().iter().enumerate() {
        let value = T::try_from(value).map_err(|_| Error::Argument(complaint(index, value.to_string())))?;
        buffer.push(value);
    }
    Ok(buffer)
}

/// The arrays that output spikes are written to.
pub(crate) struct Outgoing<'py> {
    times: Target<'py>,
    channels: Target<'py>,
    room: usize,
}

impl<'py> Outgoing<'py> {
    pub(crate) fn new(times: &Bound<'py, PyAny>, channels: &Bound<'py, PyAny>) -> Result<Self, Error> {
        let (times, room) = Target::new(times, "times", "int64 or uint64")?;
        let (channels, others) = Target::new(channels, "channels", "int64 or uint32")?;
        if room != others {
            return Err(Error::Argument(format!(
                "times have room for {room} spikes and channels for {others}; every spike needs one of each"
            )));
        }
        Ok(Self { times, channels, room })
    }

    /// Writes as many spikes as there is room for; returns how many.
    ///
    /// The arrays are written one after the other, since numpy does not always know that two of them share memory.
    pub(crate) fn fill(&mut self, buffers: &mut Buffers, pop: impl FnMut() -> Option<Spike>) -> usize {
        let Buffers { ticks, channels } = buffers;
        ticks.clear();
        channels.clear();
        for spike in std::iter::from_fn(pop).take(self.room) {
            ticks.push(spike.tick);
            channels.push(spike.channel);
        }
        self.times.write(ticks.iter().copied());
        self.channels.write(channels.iter().map(|&channel| channel.into()));
        ticks.len()
    }
}

/// A one-dimensional array of integers that is written.
enum Target<'py> {
    I64(PyReadwriteArray1<'py, i64>),
    U64(PyReadwriteArray1<'py, u64>),
    U32(PyReadwriteArray1<'py, u32>),
}

impl<'py> Target<'py> {
    /// The array and its length; `wanted` names its types.
    fn new(array: &Bound<'py, PyAny>, name: &str, wanted: &str) -> Result<(Self, usize), Error> {
        let (found, length) = if let Ok(array) = array.cast::<PyArray1<i64>>() {
            (array.try_readwrite().map(Self::I64), array.len())
        } else if let (true, Ok(array)) = (wanted.contains("uint64"), array.cast::<PyArray1<u64>>()) {
            (array.try_readwrite().map(Self::U64), array.len())
        } else if let (true, Ok(array)) = (wanted.contains("uint32"), array.cast::<PyArray1<u32>>()) {
            (array.try_readwrite().map(Self::U32), array.len())
        } else {
            return Err(refused(array, name, wanted, ""));
        };
        let found = found.map_err(|error| {
            Error::Argument(match error {
                BorrowError::NotWriteable => format!("{name} cannot be written to; give an array that can"),
                _ => format!("{name} are in use by another call, or share memory with the other array"),
            })
        })?;
        Ok((found, length))
    }

    fn write(&mut self, values: impl Iterator<Item = u64>) {
        match self {
            Self::I64(array) => write(array, values.map(|value| value as i64)),
            Self::U64(array) => write(array, values),
            Self::U32(array) => write(array, values.map(|value| value as u32)),
        }
    }
}

fn write<T: Element>(array: &mut PyReadwriteArray1<T>, values: impl Iterator<Item = T>) {
    for (slot, value) in array.as_array_mut().iter_mut().zip(values) {
        *slot = value;
    }
}

fn refused(array: &Bound<'_, PyAny>, name: &str, wanted: &str, more: &str) -> Error {
    let given =
        array.getattr("dtype").map_or_else(|_| array.get_type().to_string(), |dtype| dtype.to_string());
    let shape = array.getattr("shape").map_or_else(|_| String::new(), |shape| format!(" of shape {shape}"));
    Error::Type(format!("{name} must be a one-dimensional array of {wanted}, not {given}{shape}{more}"))
}
