using RewardForcing.Native.CudaSim.Ptx;
using RewardForcing.Native.KernelLab;
using Xunit;

namespace RewardForcing.Native.Tests.KernelLab;

/// <summary>Which part of a multiprocessor an instruction is counted for.</summary>
public class WorkClassesTests
{
    [Theory]
    [InlineData("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f1, %f2, %f3, %f4}, {%r1, %r2, %r3, %r4}, {%r5, %r6}, {%f1, %f2, %f3, %f4};", "Matrix", 2048)]
    [InlineData("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r1, %r2, %r3, %r4}, [%r5];", "MatrixMove", 0)]
    [InlineData("ld.global.nc.v4.u32 {%r1, %r2, %r3, %r4}, [%rd1];", "Global", 0)]
    [InlineData("st.shared.f32 [%r1], %f1;", "Shared", 0)]
    [InlineData("ld.param.u64 %rd1, [sample_param_0];", "Control", 0)]
    [InlineData("cp.async.cg.shared.global [%r1], [%rd1], 16;", "AsyncCopy", 0)]
    [InlineData("cp.async.commit_group;", "Control", 0)]
    [InlineData("ex2.approx.ftz.f32 %f1, %f2;", "Special", 0)]
    [InlineData("fma.rn.f32 %f1, %f2, %f3, %f4;", "Float", 0)]
    [InlineData("fma.rn.f64 %fd1, %fd2, %fd3, %fd4;", "Double", 0)]
    [InlineData("setp.lt.f32 %p1, %f1, %f2;", "Integer", 0)]
    [InlineData("cvt.rn.bf16x2.f32 %r1, %f1, %f2;", "Convert", 0)]
    [InlineData("cvt.s64.s32 %rd1, %r1;", "Integer", 0)]
    [InlineData("mov.b32 %r1, %r2;", "Move", 0)]
    [InlineData("shfl.sync.bfly.b32 %r1, %r2, 1, 31, -1;", "Exchange", 0)]
    public void Of_Instruction_IsItsClass(string text, string work, long multiplyAdds)
    {
        PtxInstruction instruction = Parse(text);
        Assert.Equal(work, WorkClasses.Of(instruction).ToString());
        Assert.Equal(multiplyAdds, WorkClasses.MultiplyAdds(instruction));
    }

    private static PtxInstruction Parse(string text) => Assert.Single(PtxModule.Parse("sample", $$"""
        .version 8.4
        .target sm_80
        .address_size 64
        .visible .entry sample(.param .u64 sample_param_0)
        {
            .reg .pred %p<9>;
            .reg .b32 %r<9>;
            .reg .f32 %f<9>;
            .reg .b64 %rd<9>;
            .reg .f64 %fd<9>;
            {{text}}
        }
        """).Kernels["sample"].Code);
}
