"""Live audio: sources, sinks, UDP, and the loops between them that `audiocodec stream` runs."""

from audiocodec.live.clock import Clock
from audiocodec.live.duplex import Sending
from audiocodec.live.feedback import Feedback
from audiocodec.live.loops import loopback, receive, send
from audiocodec.live.meter import Meter
from audiocodec.live.sinks import FileSink, PipeSink, Sink, SpeakerSink
from audiocodec.live.sources import Source, file_source, microphone_source, pipe_source
from audiocodec.live.udp import Address, Link, UdpListener, UdpSender, parse_address
from audiocodec.live.watch import describe_unheard

__all__ = [
    "Address",
    "Clock",
    "Feedback",
    "FileSink",
    "Link",
    "Meter",
    "PipeSink",
    "Sending",
    "Sink",
    "Source",
    "SpeakerSink",
    "UdpListener",
    "UdpSender",
    "describe_unheard",
    "file_source",
    "loopback",
    "microphone_source",
    "parse_address",
    "pipe_source",
    "receive",
    "send",
]
