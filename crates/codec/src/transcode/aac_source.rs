//! The decoder of the configuration that is in force, or why there is none (ISO/IEC 14496-3 section 1.6).

use crate::CodecError;
use crate::aac::AacDecoder;
use crate::resample::Resampler;
use rtmp_gateway_media::AacConfig;

/// An open decoder.
#[derive(Debug)]
pub(super) struct Source {
    config: AacConfig,
    pub decoder: AacDecoder,
    /// Whether the decoder has made sound that is on the time line: then it has a past to conceal from.
    pub running: bool,
}

/// What the last configuration came to.
#[derive(Debug, Default)]
pub(super) enum Selected {
    /// There was none yet.
    #[default]
    Nothing,
    /// It can be decoded.
    Open(Source),
    /// It cannot; kept so that each of its units costs a comparison only.
    Refused(AacConfig, CodecError),
}

impl Selected {
    /// Opens a decoder when `config` is new; returns it and whether it replaced another.
    pub fn select(&mut self, config: &AacConfig) -> Result<(&mut Source, bool), CodecError> {
        let known = match self {
            Self::Nothing => false,
            Self::Open(source) => source.config == *config,
            Self::Refused(refused, error) if refused == config => return Err(error.clone()),
            Self::Refused(..) => false,
        };
        let replaces = !known && matches!(self, Self::Open(_));
        if !known {
            *self = match open(config) {
                Ok(decoder) => Self::Open(Source { config: config.clone(), decoder, running: false }),
                Err(error) => Self::Refused(config.clone(), error),
            };
        }
        match self {
            Self::Open(source) => Ok((source, replaces)),
            Self::Refused(_, error) => Err(error.clone()),
            Self::Nothing => Err(CodecError::unsupported("AAC without a configuration")),
        }
    }
}

fn open(config: &AacConfig) -> Result<AacDecoder, CodecError> {
    Resampler::check(config.core_sample_rate())?;
    Resampler::check(config.sample_rate())?;
    AacDecoder::new(config)
}
