namespace RewardForcing.Native.Cuda;

/// <summary>What a driver call came to; names and numbers are those of <c>CUresult</c> in <c>cuda.h</c>.</summary>
public enum CuResult
{
    /// <summary>The call succeeded; for a query, the work asked about is done.</summary>
    Success = 0,

    /// <summary>An argument is out of range.</summary>
    InvalidValue = 1,

    /// <summary>There is not enough memory.</summary>
    OutOfMemory = 2,

    /// <summary>The driver was not initialised.</summary>
    NotInitialized = 3,

    /// <summary>The driver is shutting down.</summary>
    Deinitialized = 4,

    /// <summary>The library that was loaded is a link-time stub, not a driver.</summary>
    StubLibrary = 34,

    /// <summary>The device is busy or in exclusive use by another process.</summary>
    DeviceUnavailable = 46,

    /// <summary>There is no device.</summary>
    NoDevice = 100,

    /// <summary>The ordinal names no device.</summary>
    InvalidDevice = 101,

    /// <summary>The module image is malformed.</summary>
    InvalidImage = 200,

    /// <summary>No context is current, or the one named is not valid.</summary>
    InvalidContext = 201,

    /// <summary>The module has no code for this device.</summary>
    NoBinaryForGpu = 209,

    /// <summary>Device memory has an uncorrectable error.</summary>
    EccUncorrectable = 214,

    /// <summary>The PTX does not assemble.</summary>
    InvalidPtx = 218,

    /// <summary>The PTX is newer than the driver.</summary>
    UnsupportedPtxVersion = 222,

    /// <summary>Compiling PTX is switched off.</summary>
    JitCompilationDisabled = 223,

    /// <summary>A symbol is missing from a shared object.</summary>
    SharedObjectSymbolNotFound = 302,

    /// <summary>A shared object did not initialise.</summary>
    SharedObjectInitFailed = 303,

    /// <summary>A call to the operating system failed.</summary>
    OperatingSystem = 304,

    /// <summary>A handle is not valid.</summary>
    InvalidHandle = 400,

    /// <summary>The object is in a state that does not allow the call.</summary>
    IllegalState = 401,

    /// <summary>There is no symbol of that name.</summary>
    NotFound = 500,

    /// <summary>The work asked about is not done yet. Not a failure.</summary>
    NotReady = 600,

    /// <summary>A kernel read or wrote outside its allocations. Sticky.</summary>
    IllegalAddress = 700,

    /// <summary>A launch asks for more registers, shared memory or threads than the device has.</summary>
    LaunchOutOfResources = 701,

    /// <summary>A kernel ran longer than the system allows. Sticky.</summary>
    LaunchTimeout = 702,

    /// <summary>The primary context is active already.</summary>
    PrimaryContextActive = 708,

    /// <summary>The context was destroyed.</summary>
    ContextIsDestroyed = 709,

    /// <summary>An assertion in a kernel failed. Sticky.</summary>
    Assert = 710,

    /// <summary>The device's call stack is corrupt. Sticky.</summary>
    HardwareStackError = 714,

    /// <summary>A kernel ran an instruction that does not exist on the device. Sticky.</summary>
    IllegalInstruction = 715,

    /// <summary>A kernel used an address that is not a multiple of the access size. Sticky.</summary>
    MisalignedAddress = 716,

    /// <summary>A kernel used an address of another state space. Sticky.</summary>
    InvalidAddressSpace = 717,

    /// <summary>A kernel jumped outside its code. Sticky.</summary>
    InvalidProgramCounter = 718,

    /// <summary>A kernel failed in another way. Sticky.</summary>
    LaunchFailed = 719,

    /// <summary>A cooperative launch has more blocks than the device can hold at once.</summary>
    CooperativeLaunchTooLarge = 720,

    /// <summary>The call is not permitted here.</summary>
    NotPermitted = 800,

    /// <summary>The device or driver does not support what was asked.</summary>
    NotSupported = 801,

    /// <summary>A service the driver needs is not running.</summary>
    SystemNotReady = 802,

    /// <summary>The kernel and user parts of the driver have different versions.</summary>
    SystemDriverMismatch = 803,

    /// <summary>The compatibility package does not support this device.</summary>
    CompatNotSupportedOnDevice = 804,

    /// <summary>The call may not be made while its stream captures; the capture is broken by it.</summary>
    StreamCaptureUnsupported = 900,

    /// <summary>An earlier call broke the capture.</summary>
    StreamCaptureInvalidated = 901,

    /// <summary>The call would join two captures.</summary>
    StreamCaptureMerge = 902,

    /// <summary>The capture did not begin on this stream.</summary>
    StreamCaptureUnmatched = 903,

    /// <summary>Another stream joined the capture and did not come back to the one it began on.</summary>
    StreamCaptureUnjoined = 904,

    /// <summary>The call would cross from captured to uncaptured work.</summary>
    StreamCaptureIsolation = 905,

    /// <summary>The call would wait for a captured stream through the default one.</summary>
    StreamCaptureImplicit = 906,

    /// <summary>The event was recorded in a capture and means nothing outside it.</summary>
    CapturedEvent = 907,

    /// <summary>The capture began on another thread.</summary>
    StreamCaptureWrongThread = 908,

    /// <summary>A wait ran out of time.</summary>
    Timeout = 909,

    /// <summary>The cluster shape is not possible for this kernel on this device.</summary>
    InvalidClusterSize = 912,

    /// <summary>The driver does not say more.</summary>
    Unknown = 999,
}
