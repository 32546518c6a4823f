using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Tests.Generation;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

public class OdeTeacherTests
{
    private static readonly Shape _shape = new(3, 16, 4, 6);

    [Theory]
    [InlineData(6f)]
    [InlineData(1f)]
    public void Follow_Points_AreThoseOfTheReferencesLoop(float guidance)
    {
        using CpuDevice cpu = new(1, checkMemory: true);
        using WanTransformer model = TinyModels.Transformer(cpu);
        OdeSteps steps = OdeSteps.Find(new FlowMatchSchedule(5).Warp([1000, 500]), 6, 5);
        float[] noise = TinyModels.Numbers(3, (int)_shape.Count);
        float[] points = Assert.Single(new OdeTeacher(model, steps, guidance, DType.F32).Follow([Prompt(1, 3)], Prompt(2, 2), _shape, noise));
        double[][] expected = Reference(cpu, model, noise, guidance, steps);
        Assert.Equal(steps.Points * (int)_shape.Count, points.Length);
        Assert.Equal(noise, points[..noise.Length]);
        for (int point = 0; point < steps.Points; point++)
        {
            TinyModels.AssertClose(Array.ConvertAll(expected[point], static value => (float)value), points.AsSpan(point * noise.Length, noise.Length).ToArray(), 2e-5);
        }
    }

    [Fact]
    public void Follow_SeveralAtOnce_GivesEachTheBitsItHasAlone()
    {
        using CpuDevice cpu = new(2);
        using WanTransformer model = TinyModels.Transformer(cpu);
        OdeTeacher teacher = new(model, OdeSteps.Find([1000], 2, 5), 3, DType.F32);
        PromptEmbedding[] prompts = [Prompt(1, 4), Prompt(2, 1), Prompt(3, 2)];
        float[] noise = TinyModels.Numbers(4, 3 * (int)_shape.Count);
        int told = 0;
        float[][] together = teacher.Follow(prompts, Prompt(9, 2), _shape, noise, step => told = step);
        Assert.Equal(2, told);
        for (int clip = 0; clip < prompts.Length; clip++)
        {
            float[] own = noise.AsSpan(clip * (int)_shape.Count, (int)_shape.Count).ToArray();
            Assert.Equal(Assert.Single(teacher.Follow([prompts[clip]], Prompt(9, 2), _shape, own)), together[clip]);
        }
    }

    // x0 = x - sigma v for prompt and negative prompt, x0 = u + g (c - u), v = (x - x0) / sigma, x += v (next - sigma): all of it in double but for the network.
    private static double[][] Reference(Device device, WanTransformer model, float[] noise, float guidance, OdeSteps steps)
    {
        double[] x = Array.ConvertAll(noise, static value => (double)value);
        List<double[]> kept = [];
        for (int step = 0; step < steps.Steps; step++)
        {
            if (steps.Kept.Contains(step))
            {
                kept.Add([.. x]);
            }

            double even = 1 - (step / (double)steps.Steps), following = 1 - ((step + 1) / (double)steps.Steps);
            double sigma = 5 * even / (1 + (4 * even)), next = 5 * following / (1 + (4 * following));
            float[] conditional = Flow(device, model, x, Prompt(1, 3), sigma), unconditional = Flow(device, model, x, Prompt(2, 2), sigma);
            for (int i = 0; i < x.Length; i++)
            {
                double c = x[i] - (sigma * conditional[i]), u = x[i] - (sigma * unconditional[i]);
                double clean = u + (guidance * (c - u));
                x[i] += (x[i] - clean) / sigma * (next - sigma);
            }
        }

        kept.Add(x);
        return [.. kept];
    }

    private static float[] Flow(Device device, WanTransformer model, double[] x, PromptEmbedding prompt, double sigma)
    {
        using Pass pass = Pass.Inference(device);
        Tensor latents = Permute.Forward(pass, pass.From(new Shape(1, 3, 16, 4, 6), Array.ConvertAll(x, static value => (float)value)), 0, 2, 1, 3, 4);
        Tensor text = pass.From(new Shape(1, prompt.Tokens, prompt.Width), prompt.Values.Span);
        using WanContext context = model.Prepare(pass, text, DType.F32);
        return Permute.Forward(pass, model.Forward(pass, latents, [(float)(1000 * sigma)], context), 0, 2, 1, 3, 4).ToFloats();
    }

    private static PromptEmbedding Prompt(int seed, int tokens) => new(tokens, TinyModels.Config.TextDim, TinyModels.Numbers(seed, tokens * TinyModels.Config.TextDim));
}
