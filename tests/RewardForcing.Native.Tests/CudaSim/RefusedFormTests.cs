using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;
using Xunit;

namespace RewardForcing.Native.Tests.CudaSim;

/// <summary>What the simulated device does not execute, or executes in one way only, fails when a module is loaded: by the form's name and its line.</summary>
public class RefusedFormTests
{
    private const string Sums = "{%r0, %r1, %r2, %r3}";
    private const int InstructionLine = 11;

    [Theory]
    [InlineData("wgmma.mma_async.sync.aligned.m64n8k16.f16.f16.f16", "{%r0, %r1}, %x0, %x1, %p0, 1, 1, 0, 0", "products of .f16 and .f16 to .f16")]
    [InlineData("wgmma.mma_async.sync.aligned.m64n8k8.f32.tf32.tf32", Sums + ", %x0, %x1, %p0, 1, 1, 0, 1", "its number of operands")]
    [InlineData("wgmma.mma_async.sync.aligned.m64n8k32.f32.e4m3.e4m3", Sums + ", %x0, %x1, %p0, 1, 1, 0, 1", "its number of operands")]
    [InlineData("wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.bf16", Sums + ", %x0, %x1, %p0, 1, 1, 0, 0", "products of .f16 and .bf16")]
    [InlineData("wgmma.mma_async.sync.aligned.m64n8k32.s32.s8.s8.satfinite", Sums + ", %x0, %x1, %p0", "saturating")]
    [InlineData("wgmma.mma_async.sp.sync.aligned.m64n8k32.f32.bf16.bf16", Sums + ", %x0, %x1, %r4, 0, %p0, 1, 1, 0, 0", "sparse")]
    [InlineData("wgmma.mma_async.sync.aligned.m64n12k16.f32.bf16.bf16", "{%r0, %r1, %r2, %r3, %r4, %r5}, %x0, %x1, %p0, 1, 1, 0, 0", "12 columns")]
    [InlineData("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64", "{%x0, %x1}, {%x2}, {%x3}, {%x0, %x1}", "only m16n8")]
    [InlineData("mma.sync.aligned.m16n8k16.row.row.f32.bf16.bf16.f32", Sums + ", " + Sums + ", {%r4, %r5}, " + Sums, "only .row.col")]
    [InlineData("cp.async.bulk.tensor.4d.im2col.shared::cluster.global.mbarrier::complete_tx::bytes", "[%r0], [%x0, {%r1, %r2, %r3, %r4}], [%r5], {%h0, %h1}", "im2col")]
    [InlineData("add.rz.f64", "%x0, %x1, %x2", "only .rn")]
    [InlineData("sqrt.rm.f64", "%x0, %x1", "only .rn")]
    [InlineData("rcp.rp.f64", "%x0, %x1", "only .rn")]
    [InlineData("tcgen05.fence", "", "opcode 'tcgen05' is not known")]
    public void Load_FormThatIsNotExecuted_NamesItAndItsLine(string form, string operands, string words)
    {
        string ptx = $$"""
            .version 8.4
            .target sm_90a
            .address_size 64
            .visible .entry refused()
            {
            .reg .pred %p<2>;
            .reg .b16 %h<2>;
            .reg .b32 %r<8>;
            .reg .b64 %x<4>;
            bar.sync 0;
            {{form}} {{operands}};
            ret;
            }
            """;
        using var memory = new DeviceMemory(false);
        PtxException refusal = Assert.Throws<PtxException>(() => new SimulatedModule("refused.cu", ptx, memory, new SimulationOptions()));
        Assert.Contains($"kernel refused, PTX line {InstructionLine}", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"'{form}' is not executed by the simulator", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
    }
}
