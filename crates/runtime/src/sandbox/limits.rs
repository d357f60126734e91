//! Every limit of the JavaScript sandbox in one place.

/// Time a step may run unless it says otherwise, in milliseconds (Flow API contract, section 6.5).
pub const TIME_MS_DEFAULT: u64 = 5_000;
/// The longest time a flow's `nodejs` step may ask for, in milliseconds (Flow API contract, section 6.5).
pub const TIME_MS_MAX: u64 = 30_000;
/// No job runs longer than this, whatever its caller asks for (Workflow API contract, `code` node), in milliseconds.
pub const TIME_MS_CEILING: u64 = 300_000;

/// Memory of user code unless the step says otherwise, in bytes (Flow API contract, section 6.5).
pub const MEMORY_BYTES_DEFAULT: u64 = 64 << 20;
/// No job gets more memory than this (Workflow API contract, `code` node), in bytes.
pub const MEMORY_BYTES_CEILING: u64 = 512 << 20;
/// A job always gets this much: less does not hold the engine's own objects. In bytes.
pub const MEMORY_BYTES_FLOOR: u64 = 2 << 20;

/// The largest result as JSON text, in bytes (Flow API contract, section 6.5).
pub const RESULT_BYTES_MAX: u64 = 1 << 20;
/// The largest result any caller may allow, in bytes.
pub const RESULT_BYTES_CEILING: u64 = 16 << 20;

/// What `console` keeps of one job, in bytes of text (Flow API contract, section 6.5).
pub const LOG_BYTES_MAX: u64 = 64 << 10;
/// Lines kept of one job, so that empty lines cannot fill the log.
pub const LOG_LINES_MAX: usize = 2_000;

/// The longest source text, in bytes.
pub const CODE_BYTES_MAX: usize = 1 << 20;
/// The longest error message, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 4 << 10;
/// The largest job frame: code, inputs and context together, in bytes.
pub const JOB_FRAME_BYTES_MAX: usize = 16 << 20;
/// What an answer frame may hold beside the result and the log texts, in bytes.
pub(super) const REPLY_OVERHEAD_BYTES: u64 = 256 << 10;
/// JSON writes a control character of a log text as six bytes.
pub(super) const LOG_ESCAPE_FACTOR: u64 = 6;

/// Stack of the interpreter, in bytes. The main thread's stack must hold it several times.
pub(super) const STACK_BYTES: usize = 1 << 20;
/// Stack of the child's main thread, in bytes.
pub(super) const THREAD_STACK_BYTES: u64 = 8 << 20;
/// Address space the child has beside the memory of the job: the mapped program, frames, allocator slack. In bytes.
pub(super) const ADDRESS_SLACK_BYTES: u64 = 512 << 20;
/// Processor time the child has beside the time of the job, in seconds. Ends a child whose parent is gone.
pub(super) const CPU_SLACK_SECONDS: u64 = 3;

/// Time in which a child must say that it is ready, in milliseconds.
pub(super) const READY_MS: u64 = 10_000;
/// The largest answer to the question whether a child is ready, in bytes.
pub(super) const READY_BYTES_MAX: usize = 64;
/// Time in which an ended child must be gone from the process table before the pool looks away, in milliseconds.
pub(super) const REAP_MS: u64 = 2_000;
/// New children tried for one job when they break before they are ready.
pub(super) const SPAWN_ATTEMPTS_MAX: u32 = 2;
