using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

public sealed class WeightConversionTests : IDisposable
{
    private readonly CpuDevice _device = new(1, checkMemory: true);

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData("diffusers")]
    [InlineData("model.")]
    [InlineData("generator_ema.model.")]
    [InlineData("generator.model._fsdp_wrapped_module.")]
    public void Load_OtherLayout_GivesTheSameNetwork(string layout)
    {
        float[] expected = Run(static name => name);
        Assert.Equal(expected, Run(name => layout == "diffusers" ? WanKeyMap.DiffusersName(name) : layout + name));
    }

    [Fact]
    public void Load_CastToBf16_RoundsOnce()
    {
        using TensorFile file = TensorFile.Of(TinyWan.Config, static name => name).Write();
        using TensorArchive archive = TensorArchive.Open(file.Path);
        using WanTransformer plain = WanTransformer.Load(_device, TinyWan.Config, archive);
        using WanTransformer cast = WanTransformer.Load(_device, TinyWan.Config, archive, new WanLoadOptions { Weights = new WeightRules { CastTo = DType.BF16 } });
        foreach (Parameter parameter in plain.Weights)
        {
            Assert.Equal(Array.ConvertAll(parameter.Value.ToFloats(), static v => (float)(BFloat16)v), cast.Weights[parameter.Name].Value.ToFloats());
        }
    }

    [Theory]
    [InlineData("F32", DType.BF16)]
    [InlineData("F16", DType.BF16)]
    [InlineData("F64", DType.BF16)]
    [InlineData("BF16", DType.BF16)]
    [InlineData("F8_E4M3", DType.F8E4M3)]
    [InlineData("F8_E5M2", DType.BF16)]
    public void Load_RoundToBf16_RoundsWhatIsMorePrecise(string type, DType expected)
    {
        float[] values = TinyWan.Noise(64, 3);
        using TensorFile file = new();
        (byte[] bytes, float[] stored) = type == "F32" ? (System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values).ToArray(), values) : Encode(type, values);
        file.Add("a", type, [64], bytes).Write();
        using TensorArchive archive = TensorArchive.Open(file.Path);
        using WeightSet weights = WeightSet.Load(_device, archive, KeyMap.Identity, [new ParameterSpec("a", new Shape(64))], new WeightRules { RoundTo = DType.BF16 });
        Assert.Equal(expected, weights["a"].Value.DType);
        Assert.Equal(expected == DType.BF16 ? Array.ConvertAll(stored, static value => (float)(BFloat16)value) : stored, weights["a"].Value.ToFloats());
    }

    [Theory]
    [InlineData("BF16")]
    [InlineData("F16")]
    [InlineData("F8_E4M3")]
    [InlineData("F8_E5M2")]
    [InlineData("F64")]
    public void Load_EveryFloatTypeOfAFile_GivesTheNetworkOfItsValues(string type)
    {
        using TensorFile stored = new();
        using TensorFile plain = new();
        foreach (ParameterSpec spec in TinyWan.Config.Parameters())
        {
            (byte[] bytes, float[] values) = Encode(type, TinyWan.Noise(spec.Shape.Count, spec.Name.Length));
            stored.Add(spec.Name, type, spec.Shape.ToArray(), bytes);
            plain.Add(spec.Name, spec.Shape.ToArray(), values);
        }

        float[] expected = Run(plain.Write().Path);
        Assert.InRange(TinyWan.RelativeError(Run(stored.Write().Path), expected), 0, 2e-6);
    }

    [Theory]
    [InlineData("F64")]
    [InlineData("I32")]
    [InlineData("I64")]
    [InlineData("U8")]
    public void Load_TypeNoOpReads_BecomesFloat(string type)
    {
        byte[] bytes = type switch
        {
            "F64" => [.. BitConverter.GetBytes(1.5), .. BitConverter.GetBytes(-2.25)],
            "I32" => [.. BitConverter.GetBytes(7), .. BitConverter.GetBytes(-9)],
            "I64" => [.. BitConverter.GetBytes(7L), .. BitConverter.GetBytes(-9L)],
            _ => [7, 200],
        };
        using TensorFile file = new TensorFile().Add("a", type, [2], bytes).Write();
        using TensorArchive archive = TensorArchive.Open(file.Path);
        using WeightSet weights = WeightSet.Load(_device, archive, KeyMap.Identity, [new ParameterSpec("a", new Shape(2))]);
        float[] expected = type switch { "F64" => [1.5f, -2.25f], "U8" => [7, 200], _ => [7, -9] };
        Assert.Equal(expected, weights["a"].Value.ToFloats());
    }

    [Theory]
    [InlineData("base_model.model.blocks.0.ffn.0", 4f, 2.0)]
    [InlineData("generator_lora.base_model.model.blocks.0.ffn.0", null, 1.0)]
    [InlineData("generator_lora.base_model.model._fsdp_wrapped_module.blocks.0.ffn.0", null, 1.0)]
    public void Load_WithAdapter_AddsTheProductInFloat(string key, float? alpha, double scale)
    {
        const int rank = 2;
        float[] a = TinyWan.Noise(rank * 24, 3);
        float[] b = TinyWan.Noise(40 * rank, 4);
        using TensorFile lora = new TensorFile().Add($"{key}.lora_A.weight", [rank, 24], a).Add($"{key}.lora_B.weight", [40, rank], b);
        _ = key.StartsWith("generator", StringComparison.Ordinal) ? lora.Add("critic_lora.other", [1], [0]).Write() : lora.Write();
        using TensorFile file = TensorFile.Of(TinyWan.Config, static name => name).Write();
        using TensorArchive archive = TensorArchive.Open(file.Path);
        using TensorArchive adapter = TensorArchive.Open(lora.Path);
        using WanTransformer plain = WanTransformer.Load(_device, TinyWan.Config, archive);
        using WanTransformer changed = WanTransformer.Load(_device, TinyWan.Config, archive, new WanLoadOptions { Adapter = new LoraAdapter(adapter, alpha) });
        float[] before = plain.Weights["blocks.0.ffn.0.weight"].Value.ToFloats();
        float[] after = changed.Weights["blocks.0.ffn.0.weight"].Value.ToFloats();
        for (int i = 0; i < after.Length; i++)
        {
            double product = (b[i / 24 * rank] * (double)a[i % 24]) + (b[(i / 24 * rank) + 1] * (double)a[24 + (i % 24)]);
            Assert.Equal(before[i] + (scale * product), after[i], 1e-5);
        }

        Assert.Equal(plain.Weights["blocks.1.ffn.0.weight"].Value.ToFloats(), changed.Weights["blocks.1.ffn.0.weight"].Value.ToFloats());
    }

    private static (byte[] Bytes, float[] Values) Encode(string type, float[] values)
    {
        IEnumerable<(byte[] Bytes, float Value)> all = values.Select(value => type switch
        {
            "BF16" => (BitConverter.GetBytes(((BFloat16)value).Bits), (float)(BFloat16)value),
            "F16" => (BitConverter.GetBytes((Half)value), (float)(Half)value),
            "F8_E4M3" => ([((Float8E4M3)value).Bits], (float)(Float8E4M3)value),
            "F8_E5M2" => ([(byte)(BitConverter.HalfToUInt16Bits((Half)value) >> 8)], (float)BitConverter.UInt16BitsToHalf((ushort)(BitConverter.HalfToUInt16Bits((Half)value) & 0xFF00))),
            _ => (BitConverter.GetBytes((double)value), value),
        });
        (byte[] Bytes, float Value)[] pairs = [.. all];
        return ([.. pairs.SelectMany(static pair => pair.Bytes)], Array.ConvertAll(pairs, static pair => pair.Value));
    }

    private float[] Run(Func<string, string> rename)
    {
        using TensorFile file = TensorFile.Of(TinyWan.Config, rename).Write();
        return Run(file.Path);
    }

    private float[] Run(string path)
    {
        using TensorArchive archive = TensorArchive.Open(path);
        using WanTransformer model = WanTransformer.Load(_device, TinyWan.Config, archive);
        using Pass pass = Pass.Inference(_device);
        return model.Forward(pass, TinyWan.Video(pass, 1, 2), [500], TinyWan.Text(pass)).ToFloats();
    }
}
