namespace RewardForcing.Native.Formats;

/// <summary>How a video is stored.</summary>
public enum VideoFormat
{
    /// <summary>H.264 in MP4, written by an ffmpeg process.</summary>
    Mp4,

    /// <summary>An animated PNG: lossless, played by every browser, needs no other program.</summary>
    Apng,

    /// <summary>A folder of numbered PNG files, one a frame.</summary>
    Png,
}
