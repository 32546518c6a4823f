using RewardForcing.Native.Tensors;
#pragma warning disable
namespace RewardForcing.Native.Cuda;
public abstract class CudaDevice : Device { public int Multiprocessors => 132; public void Launch(string stem, string entry, IReadOnlyDictionary<string,string> m, LaunchShape s, ReadOnlySpan<byte> a) {} }
