using System.Runtime.InteropServices;
using System.Security.Cryptography;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Cases;
using RewardForcing.Native.Testing.Simulation;

namespace RewardForcing.Native.TestProcess;

/// <summary>Runs kernels of every kind on the simulated device, in a process whose SIMD settings the test has chosen.</summary>
internal static class KernelBits
{
    // Tensor cores of both kinds, copies by hardware, rows, float products, transcendental functions, integers, 8-bit floats.
    private static readonly string[] Ops =
    [
        "attention", "causal_conv3d", "cast", "channel_rms_norm", "fused_mlp", "gated_gelu", "layer_norm", "linear", "philox_normal", "rms_norm_rope", "sinusoid", "patchify", "softmax", "to_frames",
    ];

    /// <summary>Prints the kernels of the CPU, and for each op, device and type a line with the hash of the results of all its small sizes.</summary>
    public static int Run()
    {
        Console.WriteLine($"kernels {KernelPath.Name}");
        foreach (DeviceProfile profile in (DeviceProfile[])[DeviceProfile.A100, DeviceProfile.H100])
        {
            using SimulatedDriver driver = new(new SimulatedDriverOptions { Devices = [profile] });
            using CudaDevice device = SimulatedDevices.On(driver, ProductChoice.OwnKernels, checkMemory: false);
            foreach (OpCase test in Ops.Select(OpCases.Of))
            {
                foreach (DType type in (DType[])[DType.F32, DType.BF16])
                {
                    Console.WriteLine($"{test.Name} {profile.Architecture} {type} {Hash(device, test, type)}");
                }
            }
        }

        return 0;
    }

    private static string Hash(CudaDevice device, OpCase test, DType type)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        CaseTypes types = new(type, type);

        // The last size is a real model's.
        foreach (OpSample sample in test.Samples.SkipLast(1))
        {
            using Pass pass = Pass.Inference(device);
            Random random = new(1);
            Tensor[] inputs = [.. sample.Inputs.Select(input =>
            {
                Tensor tensor = pass.New(input.Shape, types.Of(input.Kind));
                ElementValues.Write(tensor, ElementValues.Draw(random, input, tensor.DType));
                return tensor;
            })];
            Tensor result = sample.Run(pass, inputs);
            hash.AppendData(result.DType is DType.U8 ? result.ToArray<byte>() : MemoryMarshal.AsBytes(result.ToFloats().AsSpan()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
