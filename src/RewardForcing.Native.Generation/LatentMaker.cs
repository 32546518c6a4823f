using System.Diagnostics;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Makes the latents of one video, block by block, and hands each block on as soon as it is finished. Belongs to one thread.</summary>
internal sealed class LatentMaker(
    WanTransformer model, GenerationSettings settings, GenerationRequest request, NoiseShape shape, GenerationClock clock, Action<GenerationStage, int, int> report)
{
    private readonly int _given = request.Given?.Frames ?? 0;

    /// <summary>Steps of each block.</summary>
    public static int StepsOf(GenerationSettings settings) => settings.Sampler switch
    {
        SamplerKind.FewStepCausal => settings.FewStepTimesteps(new FlowMatchSchedule(settings.TimestepShift)).Length,
        SamplerKind.FewStepBidirectional => settings.FewStepTimesteps(new FlowMatchSchedule(settings.TimestepShift)).Length - 1,
        _ => settings.Steps,
    };

    /// <summary>Runs to the end of the video.</summary>
    /// <param name="hand">Takes a finished block; may wait.</param>
    /// <param name="cancellation">Stops between two layers.</param>
    public void Run(Action<FinishedBlock> hand, CancellationToken cancellation)
    {
        request.Noise.Begin(shape);
        if (settings.IsCausal)
        {
            RunCausal(hand, cancellation);
        }
        else
        {
            RunWhole(hand, cancellation);
        }
    }

    private void RunCausal(Action<FinishedBlock> hand, CancellationToken cancellation)
    {
        BlockPlan plan = new(settings.FramesPerBlock, settings.IndependentFirstFrame, _given, request.LatentFrames);
        using CausalState state = NewState(request.Prompt, cancellation);
        using CausalState? negative = settings.IsGuided ? NewState(request.NegativePrompt!, cancellation) : null;
        FlowMatchSchedule schedule = new(settings.TimestepShift);
        FewStepSampler? few = settings.IsFewStep
            ? new FewStepSampler(model, schedule, settings.FewStepTimesteps(schedule), settings.ContextTimestep) : null;
        using CausalDiffusionSampler? many = few is null
            ? new CausalDiffusionSampler(model, FlowSolvers.Create(settings.Solver, settings.Steps, settings.TimestepShift), settings.Guidance, settings.ContextTimestep) : null;
        Prefill(plan, state, negative, hand, cancellation);
        for (int block = 0; block < plan.Blocks; block++)
        {
            (int number, int first, int frames) = (block, plan.FirstOf(block), plan.FramesOf(block));
            long started = Stopwatch.GetTimestamp();
            using Pass pass = Pass.Inference(model.Device, cancellation);
            Tensor noise = Draw(pass, frames, few is null ? DType.F32 : settings.Type, values => request.Noise.Initial(number, first, frames, values));
            Tensor latents = few is not null
                ? few.Denoise(pass, state, noise, _given + first, Renoise(number, frames), step => report(GenerationStage.Denoise, number, step))
                : many!.Denoise(pass, state, negative, noise, _given + first, step => report(GenerationStage.Denoise, number, step));
            float[] values = LatentLayout.ToHost(pass, latents);
            double seconds = GenerationClock.SecondsSince(started);
            clock.Denoised(block, frames, seconds);
            report(GenerationStage.BlockDone, block, 0);
            hand(new FinishedBlock(block, _given + first, frames, values, seconds));

            // The reference does this after the last block too; nothing reads the result, and no random number is drawn for it.
            if (block < plan.Blocks - 1)
            {
                Remember(pass, few, many, state, negative, latents, _given + first, block);
            }
        }
    }

    private void Remember(
        Pass pass, FewStepSampler? few, CausalDiffusionSampler? many, CausalState state, CausalState? negative, Tensor latents, long start, int block)
    {
        long started = Stopwatch.GetTimestamp();
        if (few is not null)
        {
            few.Remember(pass, state, latents, start);
        }
        else
        {
            many!.Remember(pass, state, latents, start);
            if (negative is not null)
            {
                many.Remember(pass, negative, latents, start);
            }
        }

        model.Device.Synchronize();
        clock.Remembered(block, GenerationClock.SecondsSince(started));
    }

    // Given frames go in as noise-free ones, in groups, and are handed on to be decoded like any other.
    private void Prefill(BlockPlan plan, CausalState state, CausalState? negative, Action<FinishedBlock> hand, CancellationToken cancellation)
    {
        int first = 0;
        foreach (int frames in plan.Given)
        {
            long started = Stopwatch.GetTimestamp();
            var values = new float[shape.Count(frames)];
            ReadOnlySpan<float> part = request.Given!.Values.Span.Slice(first * shape.FrameSize, frames * shape.FrameSize);
            for (int sample = 0; sample < shape.Samples; sample++)
            {
                part.CopyTo(values.AsSpan(sample * part.Length));
            }

            using (Pass pass = Pass.Inference(model.Device, cancellation))
            {
                Tensor latents = LatentLayout.ToTransformer(pass, shape, frames, values, settings.Type);
                float[] timesteps = new float[shape.Samples];
                model.ForwardCausal(pass, latents, timesteps, state, first, cacheOnly: true);
                if (negative is not null)
                {
                    model.ForwardCausal(pass, latents, timesteps, negative, first, cacheOnly: true);
                }

                model.Device.Synchronize();
            }

            double seconds = GenerationClock.SecondsSince(started);
            clock.Denoised(-1, frames, seconds);
            report(GenerationStage.Prefill, -1, 0);
            hand(new FinishedBlock(-1, first, frames, values, seconds));
            first += frames;
        }
    }

    private void RunWhole(Action<FinishedBlock> hand, CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        using Pass pass = Pass.Inference(model.Device, cancellation);
        using WanContext prompt = Prepare(pass, request.Prompt);
        using WanContext? negative = settings.IsGuided ? Prepare(pass, request.NegativePrompt!) : null;
        int frames = request.LatentFrames;
        Tensor noise = Draw(pass, frames, settings.IsFewStep ? settings.Type : DType.F32, values => request.Noise.Initial(0, 0, frames, values));
        Tensor latents;
        if (settings.IsFewStep)
        {
            FlowMatchSchedule schedule = new(settings.TimestepShift);
            BidirectionalFewStepSampler sampler = new(model, schedule, settings.FewStepTimesteps(schedule));
            latents = sampler.Denoise(pass, prompt, noise, Renoise(0, frames), step => report(GenerationStage.Denoise, 0, step));
        }
        else
        {
            using BidirectionalSampler sampler = new(model, FlowSolvers.Create(settings.Solver, settings.Steps, settings.TimestepShift), settings.Guidance);
            Tensor? image = request.Image is null ? null : ImageLatents(pass, request.Image);
            latents = sampler.Denoise(pass, prompt, negative, noise, image, step => report(GenerationStage.Denoise, 0, step));
        }

        float[] values = LatentLayout.ToHost(pass, latents);
        double seconds = GenerationClock.SecondsSince(started);
        clock.Denoised(0, frames, seconds);
        report(GenerationStage.BlockDone, 0, 0);
        hand(new FinishedBlock(0, 0, frames, values, seconds));
    }

    private CausalState NewState(PromptEmbedding text, CancellationToken cancellation)
    {
        CausalState state = new(
            model, settings.CachePolicy, shape.Samples, shape.Height, shape.Width, settings.Type, checked(_given + request.LatentFrames));
        try
        {
            using Pass pass = Pass.Inference(model.Device, cancellation);
            state.SetText(pass, LatentLayout.Text(pass, text, shape.Samples));
            return state;
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    private WanContext Prepare(Pass pass, PromptEmbedding text)
    {
        using Scope scope = pass.BeginScope();
        Tensor? clip = null;
        if (request.Image is ImageGuide image)
        {
            (int rows, int width) = (model.Config.ClipTokens, model.Config.ClipDim);
            clip = pass.New(new Shape(shape.Samples, rows, width));
            for (int sample = 0; sample < shape.Samples; sample++)
            {
                pass.Slice(clip, sample, 1).CopyFrom(image.ClipFeatures.Span);
            }
        }

        return model.Prepare(pass, LatentLayout.Text(pass, text, shape.Samples), settings.Type, clip);
    }

    // Mask and latents of an image-to-video model: the mask's four channels are 1 on the first latent frame.
    private Tensor ImageLatents(Pass pass, ImageGuide image)
    {
        const int MaskChannels = 4;
        int area = shape.Height * shape.Width;
        int channels = MaskChannels + shape.Channels;
        int frames = request.LatentFrames;
        var values = new float[shape.Samples * frames * channels * area];
        for (int sample = 0; sample < shape.Samples; sample++)
        {
            values.AsSpan(sample * frames * channels * area, MaskChannels * area).Fill(1);
            for (int frame = 0; frame < frames; frame++)
            {
                int to = ((((sample * frames) + frame) * channels) + MaskChannels) * area;
                image.Latents.Values.Span.Slice(frame * shape.FrameSize, shape.FrameSize).CopyTo(values.AsSpan(to));
            }
        }

        return LatentLayout.ToTransformer(pass, shape with { Channels = channels }, frames, values, settings.Type);
    }

    private DrawNoise Renoise(int block, int frames) =>
        (pass, step) => Draw(pass, frames, settings.Type, values => request.Noise.Renewal(block, step, frames, values));

    private delegate void Fill(Span<float> values);

    private Tensor Draw(Pass pass, int frames, DType type, Fill fill)
    {
        var values = new float[shape.Count(frames)];
        fill(values);
        return LatentLayout.ToTransformer(pass, shape, frames, values, type);
    }
}
