// SPDX-License-Identifier: Apache-2.0
//! A neuron model in Rust, against the C ABI of mfm/abi.h, written out as `#[repr(C)]` structs:
//!     rustc --crate-type cdylib --edition 2021 -O leaky_rust.rs -o leaky_rust.so
//! No crate is needed.  The functions of the table are `extern "C"`, catch panics, and work on slices.
#![allow(non_upper_case_globals)]

use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::{null, null_mut};
use std::slice::from_raw_parts;

// ---- what abi.h says, as far as a neuron needs it ----------------------------------------------------------------------

type Status = i32;
const OK: Status = 0;
const INFEASIBLE: Status = 1;
const ERROR: Status = -1;
const PER_NEURON: u32 = 1 << 0;
const OPEN_LOWER: u32 = 1 << 1;
const EXPONENTIAL: u32 = 0;
const CURRENT: u32 = 1 << 0;
const MOST_EVENTS: f64 = 20.0;
const MAX_PORTS: usize = 8;

#[repr(C)]
pub struct Error {
    size: u32,
    message: [u8; 508],
}
#[repr(C)]
pub struct Field {
    size: u32,
    kind: u32,
    flags: u32,
    reserved: u32,
    name: *const c_char,
    unit: *const c_char,
    doc: *const c_char,
    initial: f64,
    lower: f64,
    upper: f64,
    choices: *const *const c_char,
    role: *const c_char,
}
#[repr(C)]
pub struct Value {
    size: u32,
    kind: u32,
    real: f64,
    integer: i64,
    text: *const c_char,
    list: *const f64,
    length: u64,
}
#[repr(C)]
pub struct Receptor {
    size: u32,
    shape: u32,
    flags: u32,
    reserved: u32,
    tau: f64,
    tau_rise: f64,
    e_rev: f64,
}
#[repr(C)]
pub struct Spikes {
    size: u32,
    capacity: u32,
    count: u32,
    reserved: u32,
    step: *mut u32,
    neuron: *mut u32,
}
#[repr(C)]
pub struct Drive {
    size: u32,
    port: u32,
    rate_stride: u32,
    weight_stride: u32,
    rate_hz: *const f64,
    weight: *const f64,
}
#[repr(C)]
pub struct Batch {
    size: u32,
    n: u32,
    n_live: u32,
    n_steps: u32,
    seed: u64,
    stream: u64,
    first_neuron: u64,
    first_step: u64,
    dt: f64,
    state: *const *mut f64,
    setting: *const *const f64,
    setting_stride: *const u32,
    input: *const *const f64,
    drive: *const *const Drive,
    spikes: *mut Spikes,
    spike_count: *mut u32,
}
#[repr(C)]
pub struct Subthreshold {
    size: u32,
    reserved: u32,
    x: *const f64,
    g: *const f64,
    setting: *const f64,
    dx: *mut f64,
    jacobian: *mut f64,
    hessian: *mut f64,
}
#[repr(C)]
pub struct NeuronTable {
    size: u32,
    reserved: u32,
    set_receptors: unsafe extern "C" fn(*mut c_void, u32, *const *const Receptor, *mut Error) -> Status,
    states: unsafe extern "C" fn(*mut c_void, *mut *const *const Field, *mut u32, *mut Error) -> Status,
    initialise: unsafe extern "C" fn(*mut c_void, *const Batch, *mut Error) -> Status,
    advance: unsafe extern "C" fn(*mut c_void, *const Batch, *mut Error) -> Status,
    subthreshold: unsafe extern "C" fn(*mut c_void, *const Subthreshold, *mut Error) -> Status,
}
#[repr(C)]
pub struct Interface {
    id: *const c_char,
    table: *const c_void,
}
#[repr(C)]
pub struct Component {
    size: u32,
    reserved: u32,
    id: *const c_char,
    version: *const c_char,
    summary: *const c_char,
    citation: *const c_char,
    settings: *const *const Field,
    create: unsafe extern "C" fn(*const *const Value, *mut *mut c_void, *mut Error) -> Status,
    destroy: unsafe extern "C" fn(*mut c_void),
    interfaces: *const Interface,
    documentation: *const c_char,
}
#[repr(C)]
pub struct Plugin {
    size: u32,
    abi_major: u32,
    abi_minor: u32,
    reserved: u32,
    vendor: *const c_char,
    sdk: *const c_char,
    compiler: *const c_char,
    components: *const *const Component,
    attach: *const c_void,
}

/// Constants with pointers in them, which nobody writes to.
#[repr(transparent)]
pub struct Shared<T>(T);
unsafe impl<T> Sync for Shared<T> {}

/// A text of the ABI: UTF-8 that ends with a 0.
macro_rules! text {
    ($s:expr) => {
        concat!($s, "\0").as_ptr() as *const c_char
    };
}
const fn size<T>() -> u32 {
    std::mem::size_of::<T>() as u32
}

/// Runs f, and turns its error or panic into a status and a reason: nothing unwinds into the host.
unsafe fn guarded(error: *mut Error, f: impl FnOnce() -> Result<(), (Status, &'static str)>) -> Status {
    let (status, reason) = match catch_unwind(AssertUnwindSafe(f)) {
        Ok(Ok(())) => return OK,
        Ok(Err(failure)) => failure,
        Err(_) => (ERROR, "it panicked"),
    };
    let message = &mut (*error).message;
    let n = reason.len().min(message.len() - 1);
    message[..n].copy_from_slice(&reason.as_bytes()[..n]);
    message[n] = 0;
    status
}

// ---- the model -----------------------------------------------------------------------------------------------------------
// C_m V' = g_L (E_L - V) + I_e + sum_p g_p (E_p - V) + sum_q I_q;  V >= V_th: a spike, V <- V_reset, held for t_ref

const C_M: usize = 0;
const G_L: usize = 1;
const E_L: usize = 2;
const V_TH: usize = 3;
const V_RESET: usize = 4;
const T_REF: usize = 5;
const I_E: usize = 6;
const SETTINGS: usize = 7;

const fn setting(name: *const c_char, unit: *const c_char, flags: u32, range: [f64; 3], role: *const c_char, doc: *const c_char) -> Shared<Field> {
    Shared(Field {
        size: size::<Field>(),
        kind: 0,
        flags: PER_NEURON | flags,
        reserved: 0,
        name,
        unit,
        doc,
        initial: range[0],
        lower: range[1],
        upper: range[2],
        choices: null(),
        role,
    })
}
static ROWS: [Shared<Field>; SETTINGS] = [
    setting(text!("C_m"), text!("pF"), OPEN_LOWER, [200.0, 0.0, 1e5], text!("capacitance"), text!("membrane capacitance")),
    setting(text!("g_L"), text!("nS"), 0, [10.0, 0.0, 1e5], text!("leak_conductance"), text!("leak conductance")),
    setting(text!("E_L"), text!("mV"), 0, [-65.0, -200.0, 100.0], text!("leak_reversal"), text!("leak reversal potential")),
    setting(text!("V_th"), text!("mV"), 0, [-50.0, -200.0, 100.0], text!("threshold"), text!("spike threshold")),
    setting(text!("V_reset"), text!("mV"), 0, [-65.0, -500.0, 100.0], text!("reset_potential"), text!("potential after a spike")),
    setting(text!("t_ref"), text!("ms"), 0, [2.0, 0.0, 1e3], text!("refractory_period"), text!("refractory period")),
    setting(text!("I_e"), text!("pA"), 0, [0.0, -1e6, 1e6], text!("constant_current"), text!("constant current")),
];
static SETTING_LIST: Shared<[*const Field; SETTINGS + 1]> =
    Shared([&ROWS[0].0, &ROWS[1].0, &ROWS[2].0, &ROWS[3].0, &ROWS[4].0, &ROWS[5].0, &ROWS[6].0, null()]);

const fn state(name: *const c_char, unit: *const c_char, initial: f64, role: *const c_char, doc: *const c_char) -> Field {
    Field {
        size: size::<Field>(),
        kind: 0,
        flags: 0,
        reserved: 0,
        name,
        unit,
        doc,
        initial,
        lower: f64::NEG_INFINITY,
        upper: f64::INFINITY,
        choices: null(),
        role,
    }
}
const PORT_NAMES: Shared<[*const c_char; MAX_PORTS]> =
    Shared([text!("g_1"), text!("g_2"), text!("g_3"), text!("g_4"), text!("g_5"), text!("g_6"), text!("g_7"), text!("g_8")]);

#[derive(Clone, Copy)]
struct Port {
    tau: f64,
    e_rev: f64,
    current: bool,
}
struct Leaky {
    setting: [f64; SETTINGS],
    ports: Vec<Port>,
    /// The rows of the states, and the list of them that the host gets.
    fields: Vec<Field>,
    list: Vec<*const Field>,
}

impl Leaky {
    fn slope(&self, p: &[f64; SETTINGS], v: f64, g: &[f64]) -> f64 {
        let mut i = p[G_L] * (p[E_L] - v) + p[I_E];
        for (port, g) in self.ports.iter().zip(g) {
            i += if port.current { *g } else { *g * (port.e_rev - v) };
        }
        i / p[C_M]
    }

    fn set_receptors(&mut self, receptors: &[*const Receptor]) -> Result<(), (Status, &'static str)> {
        if receptors.len() > MAX_PORTS {
            return Err((INFEASIBLE, "at most 8 receptors"));
        }
        self.fields = vec![state(text!("V_m"), text!("mV"), -65.0, text!("voltage"), text!("membrane potential"))];
        self.ports.clear();
        for (i, r) in receptors.iter().map(|r| unsafe { &**r }).enumerate() {
            if r.shape != EXPONENTIAL {
                return Err((INFEASIBLE, "leaky_rust has exponential receptors only"));
            }
            let current = r.flags & CURRENT != 0;
            self.ports.push(Port { tau: r.tau, e_rev: r.e_rev, current });
            self.fields.push(state(PORT_NAMES.0[i], if current { text!("pA") } else { text!("nS") }, 0.0, null(), text!("synaptic state")));
        }
        self.fields.push(state(text!("refractory"), text!("1"), 0.0, null(), text!("steps left of the refractory period")));
        self.list = self.fields.iter().map(|f| f as *const Field).chain([null()]).collect();
        Ok(())
    }

    fn advance(&self, b: &Batch) -> Result<(), (Status, &'static str)> {
        let (n, ports) = (b.n as usize, self.ports.len());
        let mut decay = [0.0; MAX_PORTS];
        for (d, port) in decay.iter_mut().zip(&self.ports) {
            *d = (-b.dt / port.tau).exp();
        }
        let key = mixed(b.seed ^ mixed(b.stream));
        for i in 0..n {
            let p = settings_of(b, i);
            let state = |k: usize| unsafe { (*b.state.add(k)).add(i) };
            let mut v = unsafe { *state(0) };
            let mut left = unsafe { *state(1 + ports) };
            let mut g = [0.0; MAX_PORTS];
            for k in 0..ports {
                g[k] = unsafe { *state(1 + k) };
            }
            let cell_key = mixed(key ^ b.first_neuron.wrapping_add(i as u64));
            for t in 0..b.n_steps as usize {
                // Heun's method; the receptors decay exactly.
                let mut after = [0.0; MAX_PORTS];
                for k in 0..ports {
                    after[k] = g[k] * decay[k];
                }
                let slope = self.slope(&p, v, &g);
                v += 0.5 * b.dt * (slope + self.slope(&p, v + b.dt * slope, &after));
                if left > 0.0 {
                    v = p[V_RESET];
                }
                left = (left - 1.0).max(0.0);

                // What arrives in this step acts from the next one on.
                for k in 0..ports {
                    let row = if b.input.is_null() { null() } else { unsafe { *b.input.add(t * ports + k) } };
                    g[k] = after[k] + if row.is_null() { 0.0 } else { unsafe { *row.add(i) } };
                }
                let mut d = 0;
                while !b.drive.is_null() && unsafe { !(*b.drive.add(d)).is_null() } {
                    let drive = unsafe { &**b.drive.add(d) };
                    let at = |p: *const f64, stride: u32| unsafe { *p.add(if stride != 0 { i } else { 0 }) };
                    let mean = at(drive.rate_hz, drive.rate_stride) * 1e-3 * b.dt;
                    if drive.port as usize >= ports {
                        return Err((ERROR, "a Poisson drive names a receptor that the cell does not have"));
                    }
                    if !(mean >= 0.0 && mean <= MOST_EVENTS) {
                        return Err((ERROR, "a Poisson drive's rate must lie between 0 and 20 events a step"));
                    }
                    let word = mixed(cell_key.wrapping_add(mixed(b.first_step + t as u64)).wrapping_add((d as u64) << 56));
                    g[drive.port as usize] += at(drive.weight, drive.weight_stride) * poisson(word, mean);
                    d += 1;
                }

                if v >= p[V_TH] {
                    v = p[V_RESET];
                    left = (p[T_REF] / b.dt - 1e-9).ceil();
                    if i < b.n_live as usize {
                        unsafe {
                            if !b.spike_count.is_null() {
                                *b.spike_count.add(i) += 1;
                            }
                            if let Some(s) = b.spikes.as_mut() {
                                if s.count < s.capacity {
                                    *s.step.add(s.count as usize) = t as u32;
                                    *s.neuron.add(s.count as usize) = i as u32;
                                    s.count += 1;
                                }
                            }
                        }
                    }
                }
            }
            unsafe {
                *state(0) = v;
                for k in 0..ports {
                    *state(1 + k) = g[k];
                }
                *state(1 + ports) = left;
            }
        }
        Ok(())
    }
}

/// Settings of cell i: one value for all cells, or one a cell.
fn settings_of(b: &Batch, i: usize) -> [f64; SETTINGS] {
    let mut p = [0.0; SETTINGS];
    for (s, value) in p.iter_mut().enumerate() {
        unsafe {
            let at = if *b.setting_stride.add(s) != 0 { i } else { 0 };
            *value = *(*b.setting.add(s)).add(at);
        }
    }
    p
}
/// splitmix64: random numbers are a function of what is asked for, the same for any batching and any threads.
fn mixed(z: u64) -> u64 {
    let z = z.wrapping_add(0x9e3779b97f4a7c15);
    let z = (z ^ z >> 30).wrapping_mul(0xbf58476d1ce4e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d049bb133111eb);
    z ^ z >> 31
}
/// A Poisson count by inversion.
fn poisson(word: u64, mean: f64) -> f64 {
    let u = (word >> 11) as f64 / (1u64 << 53) as f64;
    let (mut p, mut n) = ((-mean).exp(), 0.0);
    let mut sum = p;
    while u >= sum && n < 200.0 {
        n += 1.0;
        p *= mean / n;
        sum += p;
    }
    n
}

// ---- the functions of the tables -----------------------------------------------------------------------------------------

unsafe extern "C" fn create(values: *const *const Value, this: *mut *mut c_void, error: *mut Error) -> Status {
    guarded(error, || {
        let mut setting = [0.0; SETTINGS];
        for (s, value) in setting.iter_mut().enumerate() {
            *value = (**values.add(s)).real;
        }
        if setting[V_RESET] >= setting[V_TH] {
            return Err((INFEASIBLE, "V_reset must lie below V_th"));
        }
        *this = Box::into_raw(Box::new(Leaky { setting, ports: vec![], fields: vec![], list: vec![null()] })) as *mut c_void;
        Ok(())
    })
}
unsafe extern "C" fn destroy(this: *mut c_void) {
    drop(Box::from_raw(this as *mut Leaky));
}
unsafe extern "C" fn set_receptors(this: *mut c_void, n: u32, receptors: *const *const Receptor, error: *mut Error) -> Status {
    guarded(error, || (*(this as *mut Leaky)).set_receptors(from_raw_parts(receptors, n as usize)))
}
unsafe extern "C" fn states(this: *mut c_void, fields: *mut *const *const Field, dynamic: *mut u32, _: *mut Error) -> Status {
    *fields = (*(this as *const Leaky)).list.as_ptr();
    *dynamic = 1;
    OK
}
unsafe extern "C" fn initialise(this: *mut c_void, batch: *const Batch, error: *mut Error) -> Status {
    guarded(error, || {
        let (it, b) = (&*(this as *const Leaky), &*batch);
        for i in 0..b.n as usize {
            *(*b.state).add(i) = settings_of(b, i)[E_L];
            for k in 0..it.ports.len() + 1 {
                *(*b.state.add(1 + k)).add(i) = 0.0;
            }
        }
        Ok(())
    })
}
unsafe extern "C" fn advance(this: *mut c_void, batch: *const Batch, error: *mut Error) -> Status {
    guarded(error, || (*(this as *const Leaky)).advance(&*batch))
}
unsafe extern "C" fn subthreshold(this: *mut c_void, point: *const Subthreshold, error: *mut Error) -> Status {
    guarded(error, || {
        let (it, q) = (&*(this as *const Leaky), &*point);
        let ports = it.ports.len();
        let columns = 1 + ports;
        let mut p = it.setting;
        if !q.setting.is_null() {
            p.copy_from_slice(from_raw_parts(q.setting, SETTINGS));
        }
        let (v, g) = (*q.x, from_raw_parts(if ports > 0 { q.g } else { q.x }, ports));
        *q.dx = it.slope(&p, v, g);
        if !q.jacobian.is_null() {
            let mut total = p[G_L];
            for (k, port) in it.ports.iter().enumerate() {
                total += if port.current { 0.0 } else { g[k] };
                *q.jacobian.add(1 + k) = if port.current { 1.0 } else { port.e_rev - v } / p[C_M];
            }
            *q.jacobian = -total / p[C_M];
        }
        if !q.hessian.is_null() {
            for k in 0..columns * columns {
                *q.hessian.add(k) = 0.0;
            }
            for (k, _) in it.ports.iter().enumerate().filter(|(_, port)| !port.current) {
                *q.hessian.add(1 + k) = -1.0 / p[C_M];
                *q.hessian.add((1 + k) * columns) = -1.0 / p[C_M];
            }
        }
        Ok(())
    })
}

// ---- the tables ------------------------------------------------------------------------------------------------------------

static NEURON: NeuronTable = NeuronTable { size: size::<NeuronTable>(), reserved: 0, set_receptors, states, initialise, advance, subthreshold };
static INTERFACES: Shared<[Interface; 2]> = Shared([
    Interface { id: text!("mfm.neuron/1"), table: &NEURON as *const NeuronTable as *const c_void },
    Interface { id: null(), table: null() },
]);
static COMPONENT: Shared<Component> = Shared(Component {
    size: size::<Component>(),
    reserved: 0,
    id: text!("leaky_rust"),
    version: text!("1.0.0"),
    summary: text!("leaky integrate-and-fire, in Rust"),
    citation: text!("Lapicque 1907; Brunel & van Rossum 2007, doi:10.1007/s00422-007-0190-0"),
    settings: &SETTING_LIST.0 as *const *const Field,
    create,
    destroy,
    interfaces: &INTERFACES.0 as *const Interface,
    documentation: text!(
        "# leaky_rust: leaky integrate-and-fire, in Rust\n\n    C_m V' = g_L (E_L - V) + I_e + I_syn(V)\n    V >= V_th: a spike, V <- V_reset, held there for t_ref\n\nHeun's method for V, exact decay of the receptors, which are exponential.\n"
    ),
});
static COMPONENTS: Shared<[*const Component; 2]> = Shared([&COMPONENT.0, null()]);

#[no_mangle]
pub static mfm_plugin_v1: Shared<Plugin> = Shared(Plugin {
    size: size::<Plugin>(),
    abi_major: 1,
    abi_minor: 0,
    reserved: 0,
    vendor: text!("automfm's tests"),
    sdk: text!("none"),
    compiler: text!("rustc"),
    components: &COMPONENTS.0 as *const *const Component,
    attach: null_mut::<c_void>() as *const c_void,
});

// The sizes that tests/abi/layout_v1.c asserts in C.
const _: () = assert!(size::<Error>() == 512 && size::<Field>() == 80 && size::<Value>() == 48 && size::<Receptor>() == 40);
const _: () = assert!(size::<Batch>() == 112 && size::<Subthreshold>() == 56 && size::<Component>() == 80 && size::<Plugin>() == 56);
