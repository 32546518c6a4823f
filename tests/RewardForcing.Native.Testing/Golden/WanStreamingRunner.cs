using System.Text.Json;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Streaming generation through the key/value caches, with recorded noise: every prediction, cache and counter.</summary>
public sealed class WanStreamingRunner : GoldenRunner
{
    private const double Tolerance = 4e-6;

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) =>
        WanGolden.IsTransformer(file) && file.Config.TryGetProperty("mode", out _) && file.Config.TryGetProperty("blocks", out _)
        && file.Has("in.noise") && file.Has("out.latents");

    /// <inheritdoc/>
    public override bool HasNetworks => true;

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using WanTransformer model = WanGolden.Load(file, device);
        Rollout rollout = new(file, model);
        return rollout.Run();
    }

    /// <summary>The cache policy a case was recorded with.</summary>
    internal static CachePolicy PolicyOf(JsonElement config)
    {
        string mode = config.GetProperty("mode").GetString()!.ToLowerInvariant().Replace('_', '-');
        CachePolicy policy = CachePolicy.FromName(CachePolicy.Names.OrderByDescending(static name => name.Length).First(name => mode.StartsWith(name, StringComparison.Ordinal)));
        int window = config.GetProperty("local_attn_size").GetInt32();
        JsonElement alpha = config.GetProperty("compression_alpha");
        return policy with
        {
            WindowFrames = window,
            SinkFrames = config.GetProperty("sink_size").GetInt32(),
            CapacityFrames = config.TryGetProperty("cache_capacity_frames", out JsonElement capacity) ? capacity.GetInt32() : 0,
            SinkAlpha = alpha.ValueKind == JsonValueKind.Number ? alpha.GetSingle() : policy.SinkAlpha,
        };
    }

    private sealed class Rollout
    {
        private readonly GoldenFile _file;
        private readonly WanTransformer _model;
        private readonly List<Comparison> _results = [];
        private readonly FewStepTable _table;
        private readonly int[] _noiseShape;
        private readonly int _framesPerBlock;
        private readonly List<float[]> _latents = [];
        private long _frame;

        public Rollout(GoldenFile file, WanTransformer model)
        {
            _file = file;
            _model = model;
            _noiseShape = file.ShapeOf("in.noise");
            _framesPerBlock = file.Config.GetProperty("num_frame_per_block").GetInt32();
            _table = FewStepTable.From(file.Config);
        }

        private int FrameValues => _noiseShape[2] * _noiseShape[3] * _noiseShape[4];

        public List<Comparison> Run()
        {
            CachePolicy policy = PolicyOf(_file.Config);
            int[] blocks = [.. _file.Config.GetProperty("blocks").EnumerateArray().Select(static block => block.GetInt32())];
            using CausalState state = new(_model, policy, 1, _noiseShape[3], _noiseShape[4], _file.Type, _noiseShape[1]);
            using (Pass pass = Pass.Inference(_model.Device))
            {
                state.SetText(pass, WanGolden.Input(pass, _file, "in.context"));
            }

            Prefill(state);
            long start = _frame;
            for (int block = 0; block < blocks.Length; block++)
            {
                Block(state, block, (int)(_frame - start), blocks[block]);
            }

            Check("out.latents", [.. _latents.SelectMany(static frames => frames)]);
            Check("out.denoising_step_list", _table.Steps);
            for (int layer = 0; layer < _model.Config.Layers; layer++)
            {
                Check($"out.final.layer{layer}.k", state.K(layer).ToFloats());
                Check($"out.final.layer{layer}.v", state.V(layer).ToFloats());
                Check($"out.crossattn.layer{layer}.k", state.TextK(layer).ToFloats());
                Check($"out.crossattn.layer{layer}.v", state.TextV(layer).ToFloats());
            }

            return _results;
        }

        private void Prefill(CausalState state)
        {
            if (!_file.Has("in.initial_latent"))
            {
                return;
            }

            float[] latents = _file.Floats("in.initial_latent");
            int frames = latents.Length / FrameValues;
            bool alone = _file.Config.GetProperty("independent_first_frame").GetBoolean();
            for (int i = 0; _frame < frames; i++)
            {
                int count = alone && _frame == 0 ? 1 : _framesPerBlock;
                float[] group = latents.AsSpan((int)_frame * FrameValues, count * FrameValues).ToArray();
                using Pass pass = Pass.Inference(_model.Device);
                _model.ForwardCausal(pass, Video(pass, group), [0f], state, _frame, cacheOnly: true);
                _latents.Add(group);
                _frame += count;
                CheckCache(state, $"out.prefill{i}");
            }
        }

        private void Block(CausalState state, int block, int noiseFrame, int frames)
        {
            float[] x = _file.Floats("in.noise").AsSpan(noiseFrame * FrameValues, frames * FrameValues).ToArray();
            for (int step = 0; step < _table.Steps.Length; step++)
            {
                using Pass pass = Pass.Inference(_model.Device);
                float[] times = [.. Enumerable.Repeat(_table.Steps[step], frames)];
                float[] sigmas = [.. times.Select(_table.SigmaOf)];
                Shape rows = new(frames, _noiseShape[2], _noiseShape[3], _noiseShape[4]);
                Tensor flow = pass.From<float>(rows, FrameMajor(_model.ForwardCausal(pass, Video(pass, x), times, state, _frame)));
                Tensor clean = FlowToX0.Forward(pass, flow, pass.From<float>(rows, x), sigmas);
                Check($"out.block{block}.step{step}.flow", flow.ToFloats());
                Check($"out.block{block}.step{step}.x0", clean.ToFloats());
                if (step == 0)
                {
                    CheckIndex(state, $"out.block{block}.index_after_first_pass");
                }

                if (step + 1 < _table.Steps.Length)
                {
                    float[] next = [.. Enumerable.Repeat(_table.SigmaOf(_table.Steps[step + 1]), frames)];
                    clean = AddNoise.Forward(pass, clean, WanGolden.Tensor(pass, _file, $"in.block{block}.renoise{step}"), next);
                }

                x = clean.ToFloats();
            }

            _latents.Add(x);
            using (Pass pass = Pass.Inference(_model.Device))
            {
                float[] times = [.. Enumerable.Repeat((float)_file.Config.GetProperty("context_noise").GetDouble(), frames)];
                Tensor flow = _model.ForwardCausal(pass, Video(pass, x), times, state, _frame);
                Check($"out.block{block}.context_pass.flow", FrameMajor(flow));
            }

            _frame += frames;
            CheckCache(state, $"out.block{block}");
        }

        private void CheckCache(CausalState state, string name)
        {
            Check($"{name}.k", state.K(_model.Config.Layers - 1).ToFloats());
            Check($"{name}.v", state.V(_model.Config.Layers - 1).ToFloats());
            CheckIndex(state, $"{name}.index");
        }

        private void CheckIndex(CausalState state, string name)
        {
            if (_file.Has(name))
            {
                _results.Add(WanGolden.CompareExactly(name, _file.Longs(name), [state.GlobalEnd, state.LocalEnd]));
            }
        }

        private void Check(string name, float[] actual)
        {
            if (_file.Has(name))
            {
                _results.Add(WanGolden.Compare(_file, name, actual, Tolerance));
            }
        }

        // Files are frame-major, [f, C, H, W]; the network takes [1, C, f, H, W].
        private Tensor Video(Pass pass, float[] frames)
        {
            int count = frames.Length / FrameValues;
            Tensor x = pass.From<float>(new Shape(1, count, _noiseShape[2], _noiseShape[3], _noiseShape[4]), frames);
            return Cast.Forward(pass, Permute.Forward(pass, x, 0, 2, 1, 3, 4), _file.Type);
        }

        private float[] FrameMajor(Tensor video)
        {
            using Pass pass = Pass.Inference(_model.Device);
            return Permute.Forward(pass, video, 0, 2, 1, 3, 4).ToFloats();
        }
    }
}
