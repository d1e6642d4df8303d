//! Spikes between numpy arrays and the engine: in place where the elements are the engine's own, else through buffers
//! that are kept, so that no call allocates once they have grown.

use crate::error::Error;
use numpy::{
    BorrowError, Element, PyArray1, PyArrayDescrMethods, PyArrayMethods, PyReadonlyArray1, PyReadwriteArray1,
    PyUntypedArray, PyUntypedArrayMethods,
};
use pyo3::prelude::*;
use tarry_core::Spike;

/// Buffers for spikes that are not `u64` and `u32` in their array.
#[derive(Default)]
pub(crate) struct Buffers {
    ticks: Vec<u64>,
    channels: Vec<u32>,
}

/// Arrays up to this length are copied element by element: to borrow one from numpy takes a heap call.
const SHORT: usize = 64;

/// The arrays of one call.
pub(crate) struct Incoming<'a, 'py> {
    times: Column<'a, 'py>,
    channels: Column<'a, 'py>,
}

impl<'a, 'py> Incoming<'a, 'py> {
    pub(crate) fn new(times: &'a Bound<'py, PyAny>, channels: &'a Bound<'py, PyAny>) -> Result<Self, Error> {
        Ok(Self { times: Column::new(times, "times")?, channels: Column::new(channels, "channels")? })
    }

    /// Ticks and channels as the engine takes them.
    pub(crate) fn spikes<'s>(&'s self, buffers: &'s mut Buffers) -> Result<(&'s [u64], &'s [u32]), Error> {
        let early = |index, tick| format!("spike {index} has tick {tick}; ticks start at 0");
        let unknown =
            |index, channel| format!("spike {index} has channel {channel}; channels are 0 to 2^32 - 1");
        let ticks = match &self.times {
            Column::Ticks(array) => array.as_slice().unwrap_or_default(),
            column => column.copy(&mut buffers.ticks, early)?,
        };
        let channels = match &self.channels {
            Column::Channels(array) => array.as_slice().unwrap_or_default(),
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
enum Column<'a, 'py> {
    I64(&'a Bound<'py, PyArray1<i64>>),
    U64(&'a Bound<'py, PyArray1<u64>>),
    I32(&'a Bound<'py, PyArray1<i32>>),
    U32(&'a Bound<'py, PyArray1<u32>>),
    /// Contiguous, to be read in place.
    Ticks(PyReadonlyArray1<'py, u64>),
    /// Contiguous, to be read in place.
    Channels(PyReadonlyArray1<'py, u32>),
}

impl<'a, 'py> Column<'a, 'py> {
    fn new(array: &'a Bound<'py, PyAny>, name: &str) -> Result<Self, Error> {
        let column = match element(array) {
            Some((b'i', 8)) => array.cast().ok().map(Self::I64),
            Some((b'i', 4)) => array.cast().ok().map(Self::I32),
            Some((b'u', 8)) => match array.cast::<PyArray1<u64>>() {
                Ok(array) if name == "times" && in_place(array) => Some(Self::Ticks(read(array)?)),
                array => array.ok().map(Self::U64),
            },
            Some((b'u', 4)) => match array.cast::<PyArray1<u32>>() {
                Ok(array) if name == "channels" && in_place(array) => Some(Self::Channels(read(array)?)),
                array => array.ok().map(Self::U32),
            },
            _ => None,
        };
        column.ok_or_else(|| refused(array, name, "int64", "; uint64, int32 and uint32 will do, too"))
    }

    fn copy<'s, T: TryFrom<i64> + TryFrom<u64> + TryFrom<i32> + TryFrom<u32>>(
        &self,
        buffer: &'s mut Vec<T>,
        complaint: impl Fn(usize, String) -> String,
    ) -> Result<&'s [T], Error> {
        match self {
            Self::I64(array) => copy(array, buffer, complaint),
            Self::U64(array) => copy(array, buffer, complaint),
            Self::I32(array) => copy(array, buffer, complaint),
            Self::U32(array) => copy(array, buffer, complaint),
            Self::Ticks(array) => copy(array, buffer, complaint),
            Self::Channels(array) => copy(array, buffer, complaint),
        }
    }
}

/// Kind and bytes of the elements of an array. A cast to a type that it is not takes longer than the rest of a call.
fn element(array: &Bound<'_, PyAny>) -> Option<(u8, usize)> {
    let dtype = array.cast::<PyUntypedArray>().ok()?.dtype();
    Some((dtype.kind(), dtype.itemsize()))
}

fn in_place<T: Element>(array: &Bound<'_, PyArray1<T>>) -> bool {
    array.len() > SHORT && array.is_contiguous()
}

fn read<'py, T: Element>(array: &Bound<'py, PyArray1<T>>) -> Result<PyReadonlyArray1<'py, T>, Error> {
    array.try_readonly().map_err(|_| Error::Argument("an array is being written by another call".into()))
}

fn copy<'s, S: Element + Copy + ToString, T: TryFrom<S>>(
    array: &Bound<'_, PyArray1<S>>,
    buffer: &'s mut Vec<T>,
    complaint: impl Fn(usize, String) -> String,
) -> Result<&'s [T], Error> {
    buffer.clear();
    buffer.reserve(array.len());
    let mut take = |(index, value): (usize, S)| {
        let converted = T::try_from(value);
        buffer.push(converted.map_err(|_| Error::Argument(complaint(index, value.to_string())))?);
        Ok::<(), Error>(())
    };
    if array.len() <= SHORT {
        (0..array.len()).filter_map(|index| array.get_owned(index)).enumerate().try_for_each(&mut take)?;
    } else {
        read(array)?.as_array().iter().copied().enumerate().try_for_each(&mut take)?;
    }
    Ok(buffer)
}

/// The arrays that output spikes are written to.
pub(crate) struct Outgoing<'a, 'py> {
    times: Target<'a, 'py>,
    channels: Target<'a, 'py>,
    room: usize,
}

impl<'a, 'py> Outgoing<'a, 'py> {
    pub(crate) fn new(times: &'a Bound<'py, PyAny>, channels: &'a Bound<'py, PyAny>) -> Result<Self, Error> {
        let (times, room) = Target::new(times, "times", "int64 or uint64")?;
        let (channels, others) = Target::new(channels, "channels", "int64 or uint32")?;
        if room != others {
            return Err(Error::Argument(format!(
                "times have room for {room} spikes and channels for {others}; every spike needs one of each"
            )));
        }
        Ok(Self { times, channels, room })
    }

    /// Writes as many of the `waiting` spikes as there is room for; returns how many.
    ///
    /// The arrays are written one after the other, since numpy does not always know that two of them share memory.
    pub(crate) fn fill(
        &self,
        buffers: &mut Buffers,
        waiting: usize,
        pop: impl FnMut() -> Option<Spike>,
    ) -> Result<usize, Error> {
        // To borrow an array takes a heap call, and most ticks have no outputs.
        if waiting == 0 {
            return Ok(0);
        }
        let (mut times, mut channels) = (self.times.borrow("times")?, self.channels.borrow("channels")?);
        buffers.ticks.clear();
        buffers.channels.clear();
        for spike in std::iter::from_fn(pop).take(self.room) {
            buffers.ticks.push(spike.tick);
            buffers.channels.push(spike.channel);
        }
        times.write(buffers.ticks.iter().copied());
        channels.write(buffers.channels.iter().map(|&channel| channel.into()));
        Ok(buffers.ticks.len())
    }
}

/// A one-dimensional array of integers that is to be written.
enum Target<'a, 'py> {
    I64(&'a Bound<'py, PyArray1<i64>>),
    U64(&'a Bound<'py, PyArray1<u64>>),
    U32(&'a Bound<'py, PyArray1<u32>>),
}

impl<'a, 'py> Target<'a, 'py> {
    /// The array and its length; `wanted` names its types.
    fn new(array: &'a Bound<'py, PyAny>, name: &str, wanted: &str) -> Result<(Self, usize), Error> {
        let target = match element(array) {
            Some((b'i', 8)) => array.cast().ok().map(Self::I64),
            Some((b'u', 8)) if wanted.ends_with("uint64") => array.cast().ok().map(Self::U64),
            Some((b'u', 4)) if wanted.ends_with("uint32") => array.cast().ok().map(Self::U32),
            _ => None,
        };
        let target = target.ok_or_else(|| refused(array, name, wanted, ""))?;
        let length = match target {
            Self::I64(array) => array.len(),
            Self::U64(array) => array.len(),
            Self::U32(array) => array.len(),
        };
        Ok((target, length))
    }

    fn borrow(&self, name: &str) -> Result<Borrowed<'py>, Error> {
        let borrowed = match self {
            Self::I64(array) => array.try_readwrite().map(Borrowed::I64),
            Self::U64(array) => array.try_readwrite().map(Borrowed::U64),
            Self::U32(array) => array.try_readwrite().map(Borrowed::U32),
        };
        borrowed.map_err(|error| {
            Error::Argument(match error {
                BorrowError::NotWriteable => format!("{name} cannot be written to; give an array that can"),
                _ => format!("{name} are in use by another call, or share memory with the other array"),
            })
        })
    }
}

/// The same while it is written.
enum Borrowed<'py> {
    I64(PyReadwriteArray1<'py, i64>),
    U64(PyReadwriteArray1<'py, u64>),
    U32(PyReadwriteArray1<'py, u32>),
}

impl Borrowed<'_> {
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
